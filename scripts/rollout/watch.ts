/**
 * Watches how the devices of a ring take a deployment. The deployment of a thing group never completes, since devices that
 * join later get it too (Greengrass V2 developer guide, "Check deployment status"): so the devices that are in the group
 * now are counted, by the deployment's job, one call for all of them; and each is asked itself where the group is small,
 * where there is no job or it may not be described, and some where it must be told what failed.
 */
import type { Clock } from '../../src/schedule/clock.ts'
import type { Deployment, DeploymentsPlane } from '../aws/deployments.ts'
import type { DeviceDeployment, FleetDevices, JobCounts } from '../aws/fleet-devices.ts'
import { AwsProblem } from '../aws/problem.ts'
import { forEachOf, spread } from './concurrent.ts'
import { sameData } from './configuration-tree.ts'
import { FAILED_TRIES_MAX, FIRST_PAUSE_MS, isPassing, PAUSE_GROWTH, PAUSE_MS_MAX } from './patience.ts'
import { latestOf } from './plan.ts'
import { outcomeOf } from './reasons.ts'
import { partOf } from './revision.ts'
import type { Ring } from './rings.ts'

export interface Progress {
  readonly devices: number
  readonly succeeded: number
  readonly failed: number
  readonly waiting: number
}

export interface WatchEnd {
  readonly kind:
    | 'settled'
    /** So many have failed that the share wanted cannot be reached. */
    | 'hopeless'
    /** The deployment was canceled, by its abort criteria or by somebody. */
    | 'canceled'
    | 'timeout'
    /** Another revision with another part for the component is in force. */
    | 'superseded'
    | 'interrupted'
  /** The deployment watched last: a newer one that leaves the component as it is takes the place of the first. */
  readonly deployment: Deployment
  readonly progress: Progress
  /** Devices that did not take it, as far as they were asked. */
  readonly failures: ReadonlyMap<string, DeviceDeployment>
}

export interface Watching {
  readonly plane: DeploymentsPlane
  readonly fleet: FleetDevices
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  readonly onNote: (note: string) => void
}

export interface WatchBounds {
  /** Share of the devices that must succeed. */
  readonly minSuccess: number
  readonly maxWaitMs: number
}

/** Up to here each device is asked itself: a minute's worth of one call a second. */
const ASKED_EACH_MAX = 60
/** Where there is no job, so many of those that have not settled are asked in a round. */
const ASKED_A_ROUND_MAX = 1000
/** Of more devices so many are asked what failed. */
const ASKED_FOR_REASONS_MAX = 200

export async function watchRing(
  ring: Ring,
  component: string,
  first: Deployment,
  bounds: WatchBounds,
  watching: Watching,
): Promise<WatchEnd> {
  const { clock, signal, onProgress, onNote } = watching
  const deadline = clock.monotonicMs() + bounds.maxWaitMs
  let state = beginning(ring, first)
  let pauseMs = FIRST_PAUSE_MS
  let failedRounds = 0
  let told = ''
  for (;;) {
    const now = await round(ring, component, state, watching).catch((error: unknown) => {
      failedRounds += 1
      if (!isPassing(error) || failedRounds > FAILED_TRIES_MAX) throw error
      return undefined
    })
    if (now !== undefined) {
      failedRounds = 0
      if (now.state.deployment.deploymentId !== state.deployment.deploymentId) {
        onNote(
          `${ring.name}: ${now.state.deployment.deploymentId} is in force now, with the same ${component}`,
        )
      }
      state = now.state
      const progress = progressOf(ring, state)
      if (JSON.stringify(progress) !== told) {
        told = JSON.stringify(progress)
        onProgress(progress)
        pauseMs = FIRST_PAUSE_MS
      }
      const kind = now.isSuperseded ? 'superseded' : endOf(progress, state, bounds)
      if (kind !== undefined) return finish(ring, kind, state, watching)
    }
    if (signal.aborted) return ended('interrupted', ring, state)
    if (clock.monotonicMs() >= deadline) return finish(ring, 'timeout', state, watching)
    await clock.sleep(Math.min(pauseMs, deadline - clock.monotonicMs()), signal)
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * PAUSE_GROWTH)
  }
}

interface State {
  readonly deployment: Deployment
  /** Devices that have not settled, the one asked longest ago first. */
  readonly open: string[]
  /** Answers of devices that have settled. */
  readonly settled: Map<string, DeviceDeployment>
  /** Absent where there is no job, or it may not be described. */
  readonly counts?: JobCounts
  readonly isJobClosed: boolean
}

const beginning = (ring: Ring, deployment: Deployment): State => ({
  deployment,
  open: ring.devices.map(({ thingName }) => thingName),
  settled: new Map(),
  isJobClosed: ring.kind === 'thing' || deployment.jobId === undefined,
})

async function round(
  ring: Ring,
  component: string,
  before: State,
  { plane, fleet, signal }: Watching,
): Promise<{ readonly state: State; readonly isSuperseded: boolean }> {
  const inForce = await plane.latestId(ring.targetArn)
  let state = before
  if (inForce !== before.deployment.deploymentId) {
    const latest = await latestOf(plane, ring.targetArn)
    const wanted = partOf(before.deployment.content, component)
    if (latest === undefined || !sameData(partOf(latest.content, component), wanted)) {
      return { state: before, isSuperseded: true }
    }
    state = beginning(ring, latest)
  }
  const counts = state.isJobClosed ? undefined : await countsOf(fleet, state.deployment)
  state = {
    // The job tells a cancelation; where there is none, the deployment does.
    deployment: counts === undefined ? await readAgain(plane, state.deployment) : state.deployment,
    open: state.open,
    settled: state.settled,
    isJobClosed: counts === undefined,
    ...(counts === undefined ? {} : { counts }),
  }
  const isNews = counts === undefined || counts.succeeded + counts.failed > state.settled.size
  if (isNews && (counts === undefined || ring.devices.length <= ASKED_EACH_MAX)) {
    await ask(state.open.splice(0, ASKED_A_ROUND_MAX), state, fleet, signal)
  }
  return { state, isSuperseded: false }
}

const readAgain = async (plane: DeploymentsPlane, deployment: Deployment): Promise<Deployment> =>
  (await plane.get(deployment.deploymentId)) ?? deployment

/** Whoever has not settled is asked again in a later round. */
async function ask(
  things: readonly string[],
  { deployment, open, settled }: State,
  fleet: FleetDevices,
  signal: AbortSignal,
): Promise<void> {
  const answered = new Set<string>()
  try {
    await forEachOf(
      things,
      async (thing) => {
        const found = (await fleet.deploymentsOf(thing)).find(
          ({ deploymentId }) => deploymentId === deployment.deploymentId,
        )
        if (found === undefined || outcomeOf(found.status) === 'waiting') return
        settled.set(thing, found)
        answered.add(thing)
      },
      signal,
    )
  } finally {
    open.push(...things.filter((thing) => !answered.has(thing)))
  }
}

async function countsOf(fleet: FleetDevices, { jobId }: Deployment): Promise<JobCounts | undefined> {
  try {
    return jobId === undefined ? undefined : await fleet.jobCounts(jobId)
  } catch (error) {
    if (error instanceof AwsProblem && error.code === 'access-denied') return undefined
    throw error
  }
}

function progressOf({ devices }: Ring, { settled, counts }: State): Progress {
  const outcomes = [...settled.values()].map(({ status }) => outcomeOf(status))
  const asked = {
    succeeded: outcomes.filter((each) => each === 'succeeded').length,
    failed: outcomes.filter((each) => each === 'failed').length,
  }
  // Whoever was asked knows best where all are; the job counts for groups too large for that.
  const use = counts === undefined || devices.length <= ASKED_EACH_MAX ? asked : counts
  const failed = Math.min(use.failed, devices.length)
  const succeeded = Math.min(use.succeeded, devices.length - failed)
  return { devices: devices.length, succeeded, failed, waiting: devices.length - succeeded - failed }
}

function endOf(
  { devices, failed, waiting }: Progress,
  { deployment, counts }: State,
  { minSuccess }: WatchBounds,
): WatchEnd['kind'] | undefined {
  if (waiting === 0) return 'settled'
  if ((devices - failed) / devices < minSuccess) return 'hopeless'
  const isCanceled = counts?.isCanceled === true || deployment.status === 'CANCELED'
  return isCanceled && (counts?.waiting ?? 0) === 0 ? 'canceled' : undefined
}

/** What failed is asked of some devices where not each has been. */
async function finish(
  ring: Ring,
  kind: WatchEnd['kind'],
  state: State,
  { fleet, signal }: Watching,
): Promise<WatchEnd> {
  const { failed } = progressOf(ring, state)
  if (failed > 0 && ring.devices.length > ASKED_EACH_MAX && state.counts !== undefined) {
    await ask(spread(state.open, ASKED_FOR_REASONS_MAX), state, fleet, signal)
  }
  return ended(kind, ring, state)
}

const ended = (kind: WatchEnd['kind'], ring: Ring, state: State): WatchEnd => ({
  kind,
  deployment: state.deployment,
  progress: progressOf(ring, state),
  failures: new Map([...state.settled].filter(([, { status }]) => outcomeOf(status) === 'failed')),
})
