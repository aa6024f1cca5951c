/** How each device of a target stands to what its deployment wants of it. */
import type { CoreDevice, DeviceDeployment, FleetDevices, InstalledComponent } from '../aws/fleet-devices.ts'
import { forEachOf } from './concurrent.ts'
import type { FleetObservations } from './observations.ts'
import { componentText, outcomeOf, reasonText } from './reasons.ts'
import type { Ring } from './rings.ts'

export interface Wanted {
  readonly component: string
  readonly version: string
  /** The deployment in force, and the target it is for. */
  readonly deploymentId: string
  readonly targetArn: string
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

/** @param known answers of an earlier look; devices that were as wanted then are only asked for their health */
export async function deviceStatuses(
  ring: Ring,
  wanted: Wanted,
  fleet: FleetDevices,
  observations: FleetObservations | undefined,
  known: ReadonlyMap<string, DeviceStatus>,
  signal: AbortSignal,
): Promise<Map<string, DeviceStatus>> {
  const statuses = new Map<string, DeviceStatus>()
  await forEachOf(
    ring.devices,
    async (device) => {
      const { thingName } = device
      const before = known.get(thingName)
      const isSettled = before?.drift.length === 0 && device.isHealthy
      const status = isSettled
        ? before
        : statusOf(
            {
              device,
              deployments: await fleet.deploymentsOf(thingName),
              components: await fleet.componentsOf(thingName),
            },
            wanted,
          )
      statuses.set(thingName, observed(status, observations))
    },
    signal,
  )
  return new Map([...statuses].sort(([a], [b]) => (a < b ? -1 : 1)))
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
