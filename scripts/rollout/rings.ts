/** The targets of a rollout and their devices: a ring is a thing group, or a single thing. */

import type { CoreDevice, FleetDevices } from '../aws/fleet-devices.ts'
import { AwsProblem } from '../aws/problem.ts'

export interface RingName {
  readonly kind: 'thing-group' | 'thing'
  readonly name: string
}

export interface Ring extends RingName {
  readonly targetArn: string
  /** The core devices in it: what takes the deployment. */
  readonly devices: readonly CoreDevice[]
  /** Things in the group that Greengrass has never heard of: no core devices, or not set up yet. */
  readonly otherThings: number
}

export async function resolveRings(
  fleet: FleetDevices,
  names: readonly RingName[],
): Promise<readonly Ring[]> {
  const arns = await Promise.all(names.map((name) => arnOf(fleet, name)))
  const groups = names.some(({ kind }) => kind === 'thing-group')
  const known = groups
    ? new Map((await fleet.coreDevices()).map((each) => [each.thingName, each]))
    : new Map()
  const rings: Ring[] = []
  for (const [index, name] of names.entries()) {
    rings.push(await resolveRing(fleet, name, arns[index] as string, known))
  }
  return rings
}

async function arnOf(fleet: FleetDevices, { kind, name }: RingName): Promise<string> {
  const arn = kind === 'thing' ? await fleet.thingArn(name) : await fleet.thingGroupArn(name)
  if (arn !== undefined) return arn
  const what = kind === 'thing' ? 'thing' : 'thing group'
  throw new AwsProblem(
    'not-found',
    kind === 'thing' ? 'iot:DescribeThing' : 'iot:DescribeThingGroup',
    `there is no ${what} "${name}" in this account and region: look at the name and --region. If it was deleted, its deployments are out of force with it.`,
  )
}

async function resolveRing(
  fleet: FleetDevices,
  ring: RingName,
  targetArn: string,
  known: ReadonlyMap<string, CoreDevice>,
): Promise<Ring> {
  if (ring.kind === 'thing') {
    const device = await fleet.coreDevice(ring.name)
    const devices = device === undefined ? [] : [device]
    return { ...ring, targetArn, devices, otherThings: 1 - devices.length }
  }
  const things = await fleet.thingsInGroup(ring.name)
  const devices = things.flatMap((thing) => known.get(thing) ?? [])
  return { ...ring, targetArn, devices, otherThings: things.length - devices.length }
}

/** `canary (24 core devices: 20 classic, 4 lite)`. */
export function ringText({ name, devices, otherThings }: Ring): string {
  const lite = devices.filter(({ nucleus }) => nucleus === 'lite').length
  const split = lite === 0 ? '' : `: ${devices.length - lite} classic, ${lite} lite`
  const others = otherThings === 0 ? '' : `, and ${otherThings} things that are none (yet)`
  return `${name} (${devices.length} core device${devices.length === 1 ? '' : 's'}${split}${others})`
}

/** Greengrass developer guide, "Greengrass nucleus lite": deployments come to it by thing groups. */
export const liteThingProblems = ({ kind, name, devices }: Ring, instead: string): string[] =>
  kind === 'thing' && devices.some(({ nucleus }) => nucleus === 'lite')
    ? [`${name} runs the nucleus lite, which takes deployments for thing groups only: ${instead}`]
    : []
