/** Brings a ring's new revision from its first device through the gates: watch, judge, bake, judge again. */
import { settings } from '../../src/config/settings.ts'
import type { Deployment, DeploymentContent } from '../aws/deployments.ts'
import type { InstalledComponent } from '../aws/fleet-devices.ts'
import { AwsProblem } from '../aws/problem.ts'
import { formatDuration } from '../render/numbers.ts'
import { printable } from '../render/terminal.ts'
import { forEachOf, spread } from './concurrent.ts'
import { sameData } from './configuration-tree.ts'
import {
  componentVerdict,
  deploymentVerdict,
  type GateBounds,
  hasFailed,
  healthVerdict,
  type Observed,
  reportsVerdict,
  type Verdict,
  violationsVerdict,
} from './gates.ts'
import type { Session } from './io.ts'
import { patiently } from './patience.ts'
import { latestOf, type RingPlan } from './plan.ts'
import { reasonText } from './reasons.ts'
import { mergedBy, partOf } from './revision.ts'
import type { Ring } from './rings.ts'
import { type WatchEnd, watchRing } from './watch.ts'

export interface Gates extends GateBounds {
  readonly bakeMs: number
  readonly maxWaitMs: number
  /** A gate that has observed nothing fails. */
  readonly requireObserved?: boolean
}

export type RingEnd =
  | { readonly kind: 'passed'; readonly notObserved: readonly Verdict[] }
  | { readonly kind: 'failed' | 'superseded' | 'interrupted' }

/** Devices asked for the state of the component: of 300, five in a hundred are seen with great certainty. */
const COMPONENT_SAMPLE_MAX = 300
/** Failures named one by one. */
const FAILURES_SHOWN_MAX = 10

/** @param plan of which there is nothing left to write */
export async function watchAndJudge(plan: RingPlan, gates: Gates, session: Session): Promise<RingEnd> {
  const { ring, component } = plan
  const written = plan.latest as Deployment
  const { plane, fleet, io, signal, tell, note } = session
  tell(
    { event: 'watching', ring: ring.name, deploymentId: written.deploymentId },
    `${ring.name}: watching ${written.deploymentId}`,
  )
  const end = await watchRing(ring, component, written, gates, {
    plane,
    fleet,
    clock: io.clock,
    signal,
    onNote: note,
    onProgress: (progress) => {
      const { devices, succeeded, failed, waiting } = progress
      const line = `${ring.name}: ${succeeded} of ${devices} took it, ${failed} failed, ${waiting} to go`
      tell({ event: 'progress', ring: ring.name, ...progress }, line)
    },
  })
  if (end.kind === 'superseded' || end.kind === 'interrupted') return { kind: end.kind }
  showFailures(ring, end, session)

  const first = [deploymentOutcome(end, gates)]
  tellVerdicts(ring, first, session)
  if (hasFailed(first)) return { kind: 'failed' }

  const early = await bake(ring, component, end.deployment, gates, session)
  if (signal.aborted) return { kind: 'interrupted' }
  if (early !== undefined) {
    tellVerdicts(ring, [early], session)
    return { kind: 'failed' }
  }
  if (!(await isStillInForce(ring, component, end.deployment, session))) return { kind: 'superseded' }
  const last = await judgeRunning(ring, component, end.deployment, gates, session)
  // Who was asked before an interruption says nothing about the others.
  if (signal.aborted) return { kind: 'interrupted' }
  tellVerdicts(ring, last, session)
  const notObserved = last.filter(({ kind }) => kind === 'not-observed')
  return hasFailed(last) || (gates.requireObserved === true && notObserved.length > 0)
    ? { kind: 'failed' }
    : { kind: 'passed', notObserved }
}

function deploymentOutcome(end: WatchEnd, gates: Gates): Verdict {
  const verdict = deploymentVerdict(end.progress, gates)
  if (end.kind !== 'canceled') return verdict
  return {
    ...verdict,
    kind: 'failed',
    text: `${verdict.text}; AWS canceled the rest, as the abort criteria ask or because somebody did`,
  }
}

function showFailures(ring: Ring, { failures }: WatchEnd, { tell }: Session): void {
  for (const [thing, deployment] of [...failures]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, FAILURES_SHOWN_MAX)) {
    const reason = printable(reasonText(deployment))
    tell(
      {
        event: 'failure',
        ring: ring.name,
        thing,
        status: deployment.status,
        reason,
        errors: deployment.errorStack,
      },
      `  ${thing}: ${reason}`,
    )
  }
  const more = failures.size - FAILURES_SHOWN_MAX
  if (more > 0) tell({ event: 'more-failures', ring: ring.name, count: more }, `  and ${more} more`)
}

function tellVerdicts(ring: Ring, verdicts: readonly Verdict[], { tell, io }: Session): void {
  const { colors } = io.style
  const marks = {
    passed: colors.green('passed'),
    failed: colors.red('failed'),
    'not-observed': 'not observed',
  }
  for (const verdict of verdicts) {
    tell(
      { event: 'gate', ring: ring.name, ...verdict },
      `${ring.name}: gate ${verdict.gate} ${marks[verdict.kind]}: ${verdict.text}`,
    )
  }
}

const BAKE_LOOKS = 4
const BAKE_LOOK_MS_MAX = 60_000
const BAKE_LOOK_MS_MIN = 1_000

/** Waits while the new version works; answers the verdict that no further waiting can change. */
async function bake(
  ring: Ring,
  component: string,
  deployment: Deployment,
  gates: Gates,
  session: Session,
): Promise<Verdict | undefined> {
  const { io, signal, tell, observations } = session
  const { clock } = io
  if (gates.bakeMs === 0) return undefined
  // Long after the last device can have settled there is nothing left to wait for: an earlier run has done it.
  const leftMs = deployment.createdAt + gates.maxWaitMs + gates.bakeMs - clock.wallMs()
  const endMs = clock.monotonicMs() + Math.min(gates.bakeMs, Math.max(0, leftMs))
  const seconds = Math.max(0, Math.round((endMs - clock.monotonicMs()) / 1000))
  tell({ event: 'bake', ring: ring.name, seconds }, `${ring.name}: baking for ${formatDuration(seconds)}`)
  const lookMs = Math.max(BAKE_LOOK_MS_MIN, Math.min(BAKE_LOOK_MS_MAX, gates.bakeMs / BAKE_LOOKS))
  while (clock.monotonicMs() < endMs && !signal.aborted) {
    await clock.sleep(Math.min(lookMs, endMs - clock.monotonicMs()), signal)
    if (observations === undefined) continue
    await patiently(() => observations.refresh(), { clock, signal })
    const verdict = violationsVerdict(observedOf(ring, component, deployment, session), gates)
    if (verdict.kind === 'failed') return verdict
  }
  return undefined
}

async function isStillInForce(
  ring: Ring,
  component: string,
  deployment: Deployment,
  { plane, io, signal }: Session,
): Promise<boolean> {
  const patience = { clock: io.clock, signal }
  const inForce = await patiently(() => plane.latestId(ring.targetArn), patience)
  if (inForce === deployment.deploymentId) return true
  const latest = await patiently(() => latestOf(plane, ring.targetArn), patience)
  return sameData(partOf(latest?.content, component), partOf(deployment.content, component))
}

async function judgeRunning(
  ring: Ring,
  component: string,
  deployment: Deployment,
  gates: Gates,
  session: Session,
): Promise<readonly Verdict[]> {
  const { observations, io, signal } = session
  const verdicts = [
    await judgeHealth(ring, gates, session),
    await judgeComponent(ring, component, deployment, gates, session),
  ]
  if (observations === undefined) return [...verdicts, ...withoutSource()]
  await patiently(() => observations.refresh(), { clock: io.clock, signal })
  const observed = observedOf(ring, component, deployment, session)
  return [...verdicts, reportsVerdict(observed, gates), violationsVerdict(observed, gates)]
}

export const withoutSource = (): readonly Verdict[] =>
  (['reports', 'violations'] as const).map((gate) => ({
    gate,
    kind: 'not-observed',
    text: 'no --health-from was given',
  }))

async function judgeHealth(ring: Ring, gates: Gates, { fleet, io, signal }: Session): Promise<Verdict> {
  const patience = { clock: io.clock, signal }
  if (ring.kind === 'thing') {
    const device = await patiently(() => fleet.coreDevice(ring.name), patience)
    return healthVerdict(device?.isHealthy === true ? 1 : 0, ring.devices.length, gates)
  }
  const names = new Set(ring.devices.map(({ thingName }) => thingName))
  const healthy = (await patiently(() => fleet.coreDevices(), patience)).filter(
    ({ thingName, isHealthy }) => isHealthy && names.has(thingName),
  )
  return healthVerdict(healthy.length, ring.devices.length, gates)
}

async function judgeComponent(
  ring: Ring,
  component: string,
  deployment: Deployment,
  gates: Gates,
  session: Session,
): Promise<Verdict> {
  const version = partOf(deployment.content, component)?.componentVersion ?? ''
  const sample = spread(ring.devices, COMPONENT_SAMPLE_MAX)
  let [running, asked] = [0, 0]
  await forEachOf(
    sample,
    async ({ thingName }) => {
      const found = (await installedOn(thingName, session)).find(({ name }) => name === component)
      asked += 1
      if (found?.version === version && found.lifecycleState === 'RUNNING') running += 1
    },
    session.signal,
  )
  return componentVerdict(running, asked, version, gates)
}

/** Nothing on a device that has been taken out of Greengrass since the rollout began: it counts as without the component. */
async function installedOn(
  thingName: string,
  { fleet, io, signal }: Session,
): Promise<readonly InstalledComponent[]> {
  try {
    return await patiently(() => fleet.componentsOf(thingName), { clock: io.clock, signal })
  } catch (error) {
    if (error instanceof AwsProblem && error.code === 'not-found') return []
    throw error
  }
}

function observedOf(
  ring: Ring,
  component: string,
  deployment: Deployment,
  { observations, io }: Session,
): Observed {
  return {
    devices: ring.devices.map(({ thingName }) => observations?.of(thingName)),
    since: deployment.createdAt,
    now: io.clock.wallMs(),
    healthIntervalMs: healthIntervalMs(deployment.content, component),
  }
}

/** Between two health messages of the agents that have this configuration; 0 if they send none. */
export function healthIntervalMs(content: DeploymentContent, component: string): number {
  const configured = mergedBy(partOf(content, component)).HealthIntervalSeconds
  return Number(configured ?? settings.HealthIntervalSeconds.default) * 1000
}
