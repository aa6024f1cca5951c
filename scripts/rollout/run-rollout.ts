/** `defender rollout`: a version and its configuration, ring after ring, through the gates or back. */
import { OperatorProblem } from '../aws/operator-io.ts'
import { AwsProblem } from '../aws/problem.ts'
import { formatDuration, plural } from '../render/numbers.ts'
import { whyNot } from './consent.ts'
import { type RolloutIo, type RolloutStatus, type Session, type SessionOptions, withSession } from './io.ts'
import { type JobOptions, jobWishes } from './job.ts'
import { type Gates, healthIntervalMs, watchAndJudge } from './judge.ts'
import { planFingerprint, planRing, type RingPlan, type RolloutRequest } from './plan.ts'
import { type Change, type DeploymentWishes, rolloutIdOf } from './revision.ts'
import { type Ring, type RingName, resolveRings } from './rings.ts'
import { showPlan, type WholePlan } from './show-plan.ts'
import { takeBack } from './take-back.ts'
import { type ConfigurationOptions, readConfiguration } from './wanted-configuration.ts'
import { writeRevision } from './write.ts'

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
    return carryOut(plan, request, options.gates, session)
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

async function carryOut(
  plan: WholePlan,
  { change }: RolloutRequest,
  gates: Gates,
  session: Session,
): Promise<RolloutStatus> {
  const rolloutId = rolloutIdOf(change)
  const written = plan.plans.filter(({ state }) => state.kind === 'written')
  const back = async () => {
    const { isComplete } = await takeBack(written, rolloutId, gates.maxWaitMs, session)
    return isComplete
      ? tellEnd('taken back', 3, plan, session)
      : tellEnd('not all taken back', 4, plan, session)
  }

  const before = plan.plans.find(({ state }) => state.kind === 'taken-back')
  if (before !== undefined) {
    session.problem(
      `${change.version} with this configuration was taken back from ${before.ring.name} before. To try it once more add --again.`,
    )
    return back()
  }

  for (const each of plan.plans) {
    const { ring } = each
    if (session.signal.aborted) return interrupted(plan, session)
    const deployment =
      each.state.kind === 'to-write'
        ? await write(each, session)
        : (each.latest as NonNullable<typeof each.latest>)
    if (deployment === undefined) return tellEnd('somebody else was faster', 1, plan, session)
    if (each.state.kind === 'to-write') written.push(each)
    const end = await watchAndJudge(ring, each.component, deployment, gates, session).catch(
      (error: unknown) => {
        if (error instanceof AwsProblem) session.problem(GO_ON)
        throw error
      },
    )
    if (end.kind === 'interrupted') return interrupted(plan, session)
    if (end.kind === 'superseded') {
      session.problem(`${ring.name}: somebody has changed ${each.component} there meanwhile; stopped`)
      return tellEnd('somebody else changed it', 1, plan, session)
    }
    if (end.kind === 'failed') {
      session.problem(`${ring.name}: a gate failed; what this rollout has written is taken back`)
      return back()
    }
  }
  return tellEnd('complete', 0, plan, session)
}

const GO_ON = 'what was rolled out stays as it is: run the same command again to go on from there'

/** Undefined if somebody else was faster. */
async function write(plan: RingPlan, session: Session) {
  const { ring, component, latest, content, remake } = plan
  const end = await writeRevision(session.plane, {
    targetArn: ring.targetArn,
    component,
    latest,
    content,
    remake,
  })
  if (end.kind === 'lost') {
    session.problem(`${ring.name}: ${end.reason}`)
    return undefined
  }
  for (const each of end.notes) session.note(`${ring.name}: ${each}`)
  const { deploymentId } = end.deployment
  session.tell({ event: 'written', ring: ring.name, deploymentId }, `${ring.name}: wrote ${deploymentId}`)
  return end.deployment
}

function interrupted(plan: WholePlan, session: Session): RolloutStatus {
  session.problem(`interrupted: ${GO_ON}`)
  return tellEnd('interrupted', 1, plan, session)
}

function tellEnd(
  outcome: string,
  status: RolloutStatus,
  { fingerprint, component }: WholePlan,
  { tell }: Session,
): RolloutStatus {
  const text =
    outcome === 'nothing done' ? `Carry out with: --fingerprint ${fingerprint}` : `${component}: ${outcome}.`
  tell({ event: 'end', outcome, fingerprint }, outcome === 'refused' ? undefined : text)
  return status
}
