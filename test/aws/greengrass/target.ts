/** What a target's ARN names. Source: IAM service authorization reference, resource types of AWS IoT. */

export interface Target {
  readonly kind: 'thing' | 'thinggroup'
  readonly name: string
}

export function targetOf(arn: string): Target | undefined {
  const [, kind, name] = /^arn:[^:]*:iot:[^:]*:[0-9]+:(thing|thinggroup)\/(.+)$/.exec(arn) ?? []
  return kind === undefined || name === undefined ? undefined : { kind: kind as Target['kind'], name }
}
