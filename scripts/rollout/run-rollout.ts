/** `defender rollout`: a version and its configuration, ring after ring, through the gates or back. */
import { OperatorProblem } from '../aws/operator-io.ts'
import { whyNot } from '../plan/consent.ts'
import { formatDuration, plural } from '../render/numbers.ts'
import { carryOut, tellEnd } from './carry-out.ts'
import { type RolloutIo, type RolloutStatus, type Session, type SessionOptions, withSession } from './io.ts'
import { type JobOptions, jobWishes } from './job.ts'
import { type Gates, healthIntervalMs } from './judge.ts'
import { planFingerprint, planRing, type RingPlan, type RolloutRequest } from './plan.ts'
import type { Change, DeploymentWishes } from './revision.ts'
import { type Ring, type RingName, resolveRings } from './rings.ts'
import { showPlan, type WholePlan } from './show-plan.ts'
import { type ConfigurationOptions, readConfiguration } from './wanted-configuration.ts'

export interface RolloutOptions extends SessionOptions, ConfigurationOptions, JobOptions {
  readonly component: string
  readonly componentVersion: string
  /** In the order in which they get the version. */
  readonly rings: readonly RingName[]
  readonly gates: Gates
  readonly failureHandling?: 'ROLLBACK' | 'DO_NOTHING'
  readonly again: boolean
}

export async function rollout(options: RolloutOptions, io: RolloutIo): Promise<RolloutStatus> {
  if (options.gates.requireObserved === true && options.healthFrom === 'none') {
    throw new OperatorProblem('--require-observed needs --health-from: nothing would be observed')
  }
  const wanted = await readConfiguration(options)
  if (wanted.problems.length > 0) throw new OperatorProblem(wanted.problems.join('\n'))
  const change: Change = {
    component: options.component,
    version: options.componentVersion,
    merge: wanted.merge,
    reset: wanted.reset,
  }
  const request: RolloutRequest = {
    change,
    wishes: (ring) => wishesFor(ring, options),
    again: options.again,
    placeOf: wanted.placeOf,
  }
  return withSession(options, io, async (session) => {
    const plan = await makePlan(options, request, wanted.notes, session)
    showPlan(plan, session)
    const refusal = await refusalOf(plan, options, request, wanted.notes, session)
    if (refusal !== undefined) return tellEnd(refusal.outcome, refusal.status, plan, session)
    return carryOut(plan, request, session)
  })
}

function wishesFor(ring: Ring, options: RolloutOptions): DeploymentWishes {
  const { ratePerMinute, maxPerMinute, abortPercent, deviceTimeoutMinutes, gates } = options
  const job = { ratePerMinute, maxPerMinute, abortPercent, deviceTimeoutMinutes }
  const given = Object.fromEntries(Object.entries(job).filter(([, value]) => value !== undefined))
  return {
    name: ring.name,
    ...(options.failureHandling === undefined ? {} : { failureHandling: options.failureHandling }),
    // A thing's deployment travels by its shadow and not by a job.
    ...(ring.kind === 'thing' ? {} : { job: jobWishes(given, 1 - gates.minSuccess) }),
  }
}

async function makePlan(
  options: RolloutOptions,
  request: RolloutRequest,
  notes: readonly string[],
  { plane, fleet, observations }: Session,
): Promise<WholePlan> {
  const rings = await resolveRings(fleet, options.rings)
  const plans: RingPlan[] = []
  for (const ring of rings) plans.push(await planRing(plane, ring, request))
  return {
    verb: 'roll out',
    region: plane.region,
    component: options.component,
    plans,
    gates: options.gates,
    fingerprint: planFingerprint(plans),
    notes: [
      ...notes,
      ...overlapNotes(plans),
      ...(observations === undefined ? [] : silenceNotes(plans, options.gates)),
    ],
    problems: emptyRings(rings),
  }
}

/** Gates would be passed by nobody. */
function emptyRings(rings: readonly Ring[]): string[] {
  if (rings.length < 2) return []
  return rings
    .filter(({ devices }) => devices.length === 0)
    .map(
      ({ name }) =>
        `${name} has no core devices: its gates would see nothing, so it can be no ring before others`,
    )
}

/** A device runs what all its deployments ask for together; two versions of one component it cannot run. */
function overlapNotes(plans: readonly RingPlan[]): string[] {
  return plans.flatMap(({ ring }, index) =>
    plans.slice(index + 1).flatMap((later) => {
      const old = later.latest?.content.components[later.component]
      if (old === undefined || later.state.kind === 'as-wanted' || later.state.kind === 'written') return []
      const names = new Set(later.ring.devices.map(({ thingName }) => thingName))
      const both = ring.devices.filter(({ thingName }) => names.has(thingName)).length
      if (both === 0) return []
      return [
        `${plural(both, 'device')} of ${ring.name} also in ${later.ring.name}, which asks for ${old.componentVersion} until its turn: a device that is asked for two versions at once takes neither`,
      ]
    }),
  )
}

/** What the agents say comes too late to be heard. */
function silenceNotes(plans: readonly RingPlan[], { bakeMs }: Gates): string[] {
  const slow = plans.find(({ content, component }) => {
    const intervalMs = healthIntervalMs(content, component)
    return intervalMs === 0 || intervalMs > bakeMs
  })
  if (slow === undefined) return []
  const intervalMs = healthIntervalMs(slow.content, slow.component)
  const often = intervalMs === 0 ? 'never' : `every ${formatDuration(intervalMs / 1000)}`
  return [
    `${slow.ring.name}: agents send health messages ${often} (HealthIntervalSeconds), and baking takes ${formatDuration(bakeMs / 1000)}: the gate on reports may see nothing; give a longer --bake or --set HealthIntervalSeconds=300`,
  ]
}

interface Refusal {
  readonly outcome: string
  readonly status: RolloutStatus
}

async function refusalOf(
  plan: WholePlan,
  options: RolloutOptions,
  request: RolloutRequest,
  notes: readonly string[],
  session: Session,
): Promise<Refusal | undefined> {
  const refused: Refusal = { outcome: 'refused', status: 1 }
  if ([...plan.problems, ...plan.plans.flatMap(({ problems }) => problems)].length > 0) return refused
  if (options.dryRun === true) return { outcome: 'nothing done', status: 0 }
  const isAllDone = plan.plans.every(({ state }) => state.kind === 'as-wanted')
  if (isAllDone) return undefined
  const again = async () => (await makePlan(options, request, notes, session)).fingerprint
  const reason = await whyNot(plan.fingerprint, again, options, session.io)
  if (reason === undefined) return undefined
  session.problem(reason)
  return refused
}
