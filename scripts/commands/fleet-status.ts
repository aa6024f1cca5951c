/**
 * `defender status --thing-group` and `--thing`: how the devices of a target are, seen from AWS. Exit status 0 when all are
 * as their deployment wants them, 1 when not, 2 when nobody can tell.
 */
import { AwsProblem } from '../aws/problem.ts'
import { plural } from '../render/numbers.ts'
import { type DrawTable, loadTable } from '../render/table.ts'
import { type DeviceStatus, deviceStatuses, type Look, type Wanted } from '../rollout/device-status.ts'
import {
  type RolloutIo,
  type RolloutStatus,
  type Session,
  type SessionOptions,
  withSession,
} from '../rollout/io.ts'
import { isPassing, patiently } from '../rollout/patience.ts'
import { latestOf } from '../rollout/plan.ts'
import { partOf } from '../rollout/revision.ts'
import { type Ring, type RingName, resolveRings } from '../rollout/rings.ts'

export interface FleetStatusOptions extends SessionOptions {
  readonly target: RingName
  readonly component: string
  /** Instead of the one that the deployment names. */
  readonly componentVersion?: string
  /** Seconds between looks, until all is as wanted. */
  readonly watch?: number
  /** All devices, also those that are as wanted. */
  readonly all?: boolean
}

export const fleetStatus = (options: FleetStatusOptions, io: RolloutIo): Promise<RolloutStatus> =>
  withSession(options, io, async (session) => {
    const { signal } = session
    let memory: Memory = { known: new Map(), deploymentId: '' }
    for (;;) {
      const look = await lookOnce(memory, options, session).catch((error: unknown) => {
        // Who watches has the patience for a fault that passes.
        if (options.watch === undefined || !isPassing(error)) throw error
        return error as Error
      })
      if (signal.aborted) return 1
      if (look instanceof Error) session.problem(look.message)
      else {
        memory = look
        if (look.fault !== undefined) session.problem(look.fault.message)
        if (look.isAsWanted) return 0
      }
      if (options.watch === undefined) return memory.fault === undefined ? 1 : 2
      await io.clock.sleep(options.watch * 1000, signal)
      if (signal.aborted) return 1
    }
  })

/** What former looks have found. */
interface Memory {
  readonly known: ReadonlyMap<string, DeviceStatus>
  /** For which this is so. */
  readonly deploymentId: string
  readonly fault?: AwsProblem
  readonly isAsWanted?: boolean
}

async function lookOnce(memory: Memory, options: FleetStatusOptions, session: Session): Promise<Memory> {
  const patience = { clock: session.io.clock, signal: session.signal }
  const [ring] = (await patiently(() => resolveRings(session.fleet, [options.target]), patience)) as [Ring]
  const wanted = await patiently(() => wantedOf(ring, options, session), patience)
  const { deploymentId } = wanted
  const known = deploymentId === memory.deploymentId ? memory.known : new Map<string, DeviceStatus>()
  await session.observations?.refresh()
  const look = await deviceStatuses(ring, wanted, known, session)
  const statuses = [...look.statuses.values()]
  if (!session.signal.aborted || statuses.length > 0) await show(ring, wanted, look, options, session)
  const isAsWanted =
    ring.devices.length > 0 &&
    statuses.length === ring.devices.length &&
    statuses.every(({ drift }) => drift.length === 0)
  return {
    known: new Map([...known, ...look.statuses]),
    deploymentId,
    isAsWanted,
    ...(look.fault === undefined ? {} : { fault: look.fault }),
  }
}

async function wantedOf(
  { name, targetArn }: Ring,
  { component, componentVersion }: FleetStatusOptions,
  { plane }: Session,
): Promise<Wanted> {
  const latest = await latestOf(plane, targetArn)
  if (latest === undefined) {
    throw new AwsProblem(
      'not-found',
      'greengrass:ListDeployments',
      `${name} has no deployment: nothing is wanted of it`,
    )
  }
  const version = componentVersion ?? partOf(latest.content, component)?.componentVersion
  if (version === undefined) {
    throw new AwsProblem(
      'not-found',
      'greengrass:GetDeployment',
      `the deployment of ${name}, ${latest.deploymentId}, does not hold ${component}: roll it out with "defender rollout"`,
    )
  }
  return { component, version, deploymentId: latest.deploymentId }
}

async function show(
  ring: Ring,
  wanted: Wanted,
  look: Look,
  options: FleetStatusOptions,
  session: Session,
): Promise<void> {
  const { io, tell } = session
  const statuses = [...look.statuses.values()]
  const drifting = statuses.filter(({ drift }) => drift.length > 0)
  const event = {
    event: 'status',
    at: io.clock.wallMs(),
    target: ring.name,
    component: wanted.component,
    version: wanted.version,
    deploymentId: wanted.deploymentId,
    devices: ring.devices.length,
    notAsked: ring.devices.length - statuses.length,
    asWanted: statuses.length - drifting.length,
    otherThings: ring.otherThings,
    isObserved: session.observations !== undefined,
    statuses: options.all === true ? statuses : drifting,
  }
  const draw = await loadTable(io.style)
  tell(event, statusText(ring, wanted, statuses, drifting, options, draw, io))
}

/** Two reasons and what to do about them. */
const DRIFT_CHARACTERS_MAX = 240
/** A screenful; the rest is for `--all`, or for programs. */
const DEVICES_SHOWN_MAX = 50

function statusText(
  ring: Ring,
  { component, version, deploymentId }: Wanted,
  statuses: readonly DeviceStatus[],
  drifting: readonly DeviceStatus[],
  { all }: FleetStatusOptions,
  draw: DrawTable,
  { clock }: RolloutIo,
): string {
  const chosen = all === true ? statuses : drifting.slice(0, DEVICES_SHOWN_MAX)
  const more = all === true ? 0 : drifting.length - chosen.length
  const isObserved = statuses.some(({ lastReportAt }) => lastReportAt !== undefined)
  const rows = chosen.map((each) => [
    each.thing,
    each.version ?? '-',
    each.deployment ?? '-',
    each.health,
    each.nucleus,
    ...(isObserved ? [ageText(each.lastReportAt, clock.wallMs())] : []),
    each.drift.join('; ') || 'as wanted',
  ])
  const columns = [
    { heading: 'thing', max: 40 },
    { heading: 'version', max: 20 },
    { heading: 'deployment', max: 12 },
    { heading: 'health', max: 9 },
    { heading: 'nucleus', max: 8 },
    ...(isObserved ? [{ heading: 'last report', max: 12 }] : []),
    { heading: '', max: DRIFT_CHARACTERS_MAX },
  ]
  const unknown = ring.devices.length - statuses.length
  const notAsked = unknown === 0 ? '' : `; ${plural(unknown, 'device')} could not be asked`
  const others =
    ring.otherThings === 0 ? '' : `; ${plural(ring.otherThings, 'thing')} in it no core devices (yet)`
  return [
    `${ring.name}: ${statuses.length - drifting.length} of ${plural(ring.devices.length, 'core device')} as wanted${notAsked}${others}`,
    `wanted: ${component} ${version} by ${deploymentId}`,
    ...(rows.length === 0 ? [] : [draw(columns, rows)]),
    ...(more > 0 ? [`and ${plural(more, 'device')} more (--all, or --output json)`] : []),
  ].join('\n')
}

const MINUTE_MS = 60_000

const ageText = (at: number | undefined, now: number): string =>
  at === undefined ? '-' : `${Math.max(0, Math.round((now - at) / MINUTE_MS))} min ago`
