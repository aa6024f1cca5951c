/**
 * Targets of profiles: `all/things` and thing group names in the files, ARNs at AWS. Both kinds are compared in the
 * short form, so that a file is good for any account and region; an ARN of elsewhere stays what it is.
 * Source: developer guide, "How to use Device Defender Detect".
 */

/** Where a resource is: what all ARNs of one account in one region begin with. */
export interface Scope {
  readonly partition: string
  readonly region: string
  readonly accountId: string
}

const ARN = /^arn:([^:]*):iot:([^:]*):([^:]*):(.+)$/
const GROUP = 'thinggroup/'

export function scopeOf(arn: string): Scope | undefined {
  const [, partition, region, accountId] = ARN.exec(arn) ?? []
  return partition === undefined || region === undefined || accountId === undefined
    ? undefined
    : { partition, region, accountId }
}

/** `all/things`, or a thing group's name; the ARN itself if it is of another account or region, or none is known. */
export function shortTarget(target: string, scope: Scope | undefined): string {
  const [, partition, region, accountId, resource = ''] = ARN.exec(target) ?? []
  const isHere =
    scope !== undefined &&
    partition === scope.partition &&
    region === scope.region &&
    accountId === scope.accountId
  if (!isHere) return target
  return resource.startsWith(GROUP) ? resource.slice(GROUP.length) : resource
}

export function targetArn(target: string, { partition, region, accountId }: Scope): string {
  if (ARN.test(target)) return target
  const resource = target.startsWith('all/') ? target : `${GROUP}${target}`
  return `arn:${partition}:iot:${region}:${accountId}:${resource}`
}

/** The name if a target is a thing group in short form. */
export const thingGroupOf = (target: string): string | undefined =>
  target.startsWith('all/') || ARN.test(target) ? undefined : target
