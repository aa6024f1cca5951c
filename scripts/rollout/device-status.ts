/** How each device of a target stands to what its deployment wants of it. */
import type { CoreDevice, DeviceDeployment, InstalledComponent } from '../aws/fleet-devices.ts'
import { type Pace, paceOf } from '../aws/pace.ts'
import { AwsProblem } from '../aws/problem.ts'
import { AT_ONCE, forEachOf } from './concurrent.ts'
import type { Session } from './io.ts'
import type { FleetObservations } from './observations.ts'
import { isPassing, patiently } from './patience.ts'
import { componentText, outcomeOf, reasonText } from './reasons.ts'
import type { Ring } from './rings.ts'

export interface Wanted {
  readonly component: string
  readonly version: string
  /** The deployment in force. */
  readonly deploymentId: string
}

export interface DeviceStatus {
  readonly thing: string
  readonly nucleus: 'classic' | 'lite'
  readonly health: 'HEALTHY' | 'UNHEALTHY'
  /** Of the component; absent where it is not installed. */
  readonly version?: string
  readonly lifecycleState?: string
  /** Of the deployment in force; absent where the device has not heard of it. */
  readonly deployment?: string
  /** Epoch milliseconds by the device's clock; absent where it was not observed. */
  readonly lastReportAt?: number
  /** What is not as wanted, for people; empty where all is. */
  readonly drift: readonly string[]
}

/** What was asked of a device. */
interface Answers {
  readonly device: CoreDevice
  readonly deployments: readonly DeviceDeployment[]
  readonly components: readonly InstalledComponent[]
}

export interface Look {
  readonly statuses: ReadonlyMap<string, DeviceStatus>
  /** Why not all devices could be asked: the others are not among the statuses, but for what was known before. */
  readonly fault?: AwsProblem
}

/**
 * All workers together. AWS names no rate for these calls in its quotas; with this one a thousand devices, two calls each,
 * take under two minutes, and the console and the devices' own calls have theirs.
 */
const CALLS_PER_SECOND = 20
/** Between two lines that tell how far it is, in devices. */
const PROGRESS_EVERY = 25

/** @param known answers of an earlier look; devices that were as wanted then are only asked for their health */
export async function deviceStatuses(
  { devices }: Ring,
  wanted: Wanted,
  known: ReadonlyMap<string, DeviceStatus>,
  session: Session,
): Promise<Look> {
  const { io, observations, signal } = session
  const statuses = new Map<string, DeviceStatus>()
  const options = { clock: io.clock, random: Math.random, callsPerSecond: CALLS_PER_SECOND / AT_ONCE, signal }
  const paces = Array.from({ length: AT_ONCE }, () => paceOf(options))
  let fault: AwsProblem | undefined
  await forEachOf(
    devices,
    async (device, worker) => {
      const { thingName } = device
      const before = known.get(thingName)
      const isSettled = before?.drift.length === 0 && device.isHealthy
      const status =
        isSettled || fault !== undefined ? before : await ask(device, wanted, paces[worker] as Pace)
      if (status === undefined) return
      statuses.set(thingName, observed(status, observations))
      if (statuses.size % PROGRESS_EVERY === 0)
        io.progress?.(`${statuses.size} of ${devices.length} devices asked`)
    },
    signal,
  )
  io.progress?.('')
  const sorted = new Map([...statuses].sort(([a], [b]) => (a < b ? -1 : 1)))
  return { statuses: sorted, ...(fault === undefined ? {} : { fault }) }

  /** Undefined where AWS cannot be asked any more: then nobody else is either. */
  async function ask(device: CoreDevice, wanted: Wanted, pace: Pace): Promise<DeviceStatus | undefined> {
    try {
      return statusOf(await answersOf(device, pace, session), wanted)
    } catch (error) {
      if (signal.aborted) return undefined
      if (!(error instanceof AwsProblem) || !isPassing(error)) throw error
      fault ??= error
      return undefined
    }
  }
}

async function answersOf(device: CoreDevice, pace: Pace, { fleet, io, signal }: Session): Promise<Answers> {
  const patience = { clock: io.clock, signal }
  const asked = <T>(call: () => Promise<readonly T[]>) =>
    patiently(() => pace.run(call), patience).catch((error: unknown): readonly T[] => {
      // Taken out of Greengrass since it was listed.
      if (error instanceof AwsProblem && error.code === 'not-found') return []
      throw error
    })
  return {
    device,
    deployments: await asked(() => fleet.deploymentsOf(device.thingName)),
    components: await asked(() => fleet.componentsOf(device.thingName)),
  }
}

export function statusOf({ device, deployments, components }: Answers, wanted: Wanted): DeviceStatus {
  const installed = components.find(({ name }) => name === wanted.component)
  const deployment = deployments.find(({ deploymentId }) => deploymentId === wanted.deploymentId)
  return {
    thing: device.thingName,
    nucleus: device.nucleus,
    health: device.isHealthy ? 'HEALTHY' : 'UNHEALTHY',
    ...(installed === undefined
      ? {}
      : { version: installed.version, lifecycleState: installed.lifecycleState }),
    ...(deployment === undefined ? {} : { deployment: deployment.status }),
    drift: [
      ...deploymentDrift(deployment),
      ...componentDrift(installed, wanted),
      ...(device.isHealthy ? [] : ['the core device is UNHEALTHY']),
    ],
  }
}

function deploymentDrift(deployment: DeviceDeployment | undefined): string[] {
  if (deployment === undefined) return ['has not been told of the deployment yet']
  switch (outcomeOf(deployment.status)) {
    case 'succeeded':
      return []
    case 'waiting':
      return [deployment.status === 'QUEUED' ? 'has not begun' : 'is at it']
    case 'failed':
      return [reasonText(deployment)]
  }
}

function componentDrift(installed: InstalledComponent | undefined, { version }: Wanted): string[] {
  if (installed === undefined) return ['the component is not there']
  const state = installed.lifecycleState
  return [
    ...(installed.version === version ? [] : [`has ${installed.version} instead of ${version}`]),
    ...(state === 'RUNNING' ? [] : [`the component is ${componentText(installed)}`]),
  ]
}

function observed(status: DeviceStatus, observations: FleetObservations | undefined): DeviceStatus {
  const at = observations?.of(status.thing)?.health?.lastAcceptedAt
  return at === undefined ? status : { ...status, lastReportAt: at }
}
