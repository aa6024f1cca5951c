/**
 * Carries a rollout's plan out: ring after ring is written, watched and judged; when a gate fails, what was written is
 * taken back.
 */
import { OperatorProblem } from '../aws/operator-io.ts'
import { AwsProblem } from '../aws/problem.ts'
import type { Verdict } from './gates.ts'
import type { RolloutStatus, Session } from './io.ts'
import { type Gates, type RingEnd, watchAndJudge } from './judge.ts'
import { isPassing } from './patience.ts'
import type { RingPlan, RolloutRequest } from './plan.ts'
import { rolloutIdOf } from './revision.ts'
import type { WholePlan } from './show-plan.ts'
import { takeBack } from './take-back.ts'
import { catchUp, type WriteEnd, writeRevision } from './write.ts'

export async function carryOut(
  plan: WholePlan,
  { change }: RolloutRequest,
  session: Session,
): Promise<RolloutStatus> {
  const { gates } = plan
  const rolloutId = rolloutIdOf(change)
  const live: Live = { written: [], notObserved: [] }
  const back = async (isOurs: boolean) => {
    const { isComplete } = await takeBack(live.written, rolloutId, gates.maxWaitMs, session)
    return isComplete && isOurs
      ? tellEnd('taken back', 3, plan, session)
      : tellEnd('not all taken back', 4, plan, session)
  }

  for (const each of plan.plans.filter(({ state }) => state.kind === 'written')) {
    const current = await writeRing(each, session)
    if (current === undefined) return tellEnd('somebody else was faster', 1, plan, session)
    live.written.push(current)
  }
  const before = plan.plans.find(({ state }) => state.kind === 'taken-back')
  if (before !== undefined) {
    session.problem(
      `${change.version} with this configuration was taken back from ${before.ring.name} before. To try it once more add --again.`,
    )
    return back(true)
  }

  for (const each of plan.plans) {
    if (session.signal.aborted) return interrupted(plan, session)
    const end = await rollOut(each, live, gates, session)
    if (end.kind === 'interrupted') return interrupted(plan, session)
    if (end.kind === 'lost') return tellEnd('somebody else was faster', 1, plan, session)
    if (end.kind === 'superseded') {
      session.problem(`${each.ring.name}: somebody has changed ${each.component} there meanwhile; stopped`)
      return tellEnd('somebody else changed it', 1, plan, session)
    }
    if (end.kind === 'failed') return failed(each, live, plan, session, back)
    if (end.kind === 'passed') {
      const ring = each.ring.name
      live.notObserved.push(...end.notObserved.map(({ gate }) => ({ ring, gate })))
    }
  }
  return tellEnd('complete', 0, plan, session, live.notObserved)
}

/** What is so on the rings by now. */
interface Live {
  /** Plans of the rings that this rollout has written, as they were written. */
  readonly written: RingPlan[]
  readonly notObserved: Unseen[]
}

interface Unseen {
  readonly ring: string
  readonly gate: Verdict['gate']
}

/** One ring, from its revision through its gates. */
async function rollOut(
  plan: RingPlan,
  { written }: Live,
  gates: Gates,
  session: Session,
): Promise<RingEnd | { readonly kind: 'lost' }> {
  try {
    let current = written.find(({ ring }) => ring === plan.ring) ?? plan
    if (plan.state.kind === 'to-write') {
      const next = await writeRing(plan, session)
      if (next === undefined) return { kind: 'lost' }
      tellWritten(next, session)
      written.push(next)
      current = next
    }
    return await watchAndJudge(current, gates, session)
  } catch (error) {
    if (session.signal.aborted && isPassing(error)) return { kind: 'interrupted' }
    const isKnown = error instanceof AwsProblem || error instanceof OperatorProblem
    const isDoubtful = error instanceof AwsProblem && error.isOutcomeUnknown
    if (isKnown && (written.length > 0 || isDoubtful)) {
      const names = written.map(({ ring }) => ring.name).join(', ')
      session.problem(names === '' ? GO_ON : `${names}: ${GO_ON}`)
    }
    throw error
  }
}

/** A gate of this ring has failed. */
async function failed(
  { ring }: RingPlan,
  { written }: Live,
  plan: WholePlan,
  session: Session,
  back: (isOurs: boolean) => Promise<RolloutStatus>,
): Promise<RolloutStatus> {
  const isOurs = written.some((each) => each.ring === ring)
  if (written.length === 0) {
    session.problem(`${ring.name}: a gate failed; this rollout has written nothing that could be taken back`)
    return tellEnd('nothing to take back', 4, plan, session)
  }
  session.problem(`${ring.name}: a gate failed; what this rollout has written is taken back`)
  if (!isOurs) {
    session.problem(`${ring.name} keeps what it has: it was not written by this rollout`)
  }
  return back(isOurs)
}

const GO_ON = 'what was rolled out stays as it is: run the same command again to go on from there'

/**
 * Writes a ring's revision, or carries over what an earlier run has replaced unseen, where there is either to do.
 * Answers the plan with the revision in force after it; undefined if somebody else was faster.
 */
export async function writeRing(plan: RingPlan, session: Session): Promise<RingPlan | undefined> {
  const { ring, state, latest } = plan
  const revision = { targetArn: ring.targetArn, ...plan }
  if (state.kind === 'to-write')
    return writtenPlan(plan, await writeRevision(session.plane, revision), session)
  if (state.kind !== 'written' || state.replaced === undefined || latest === undefined) return plan
  return writtenPlan(plan, await catchUp(session.plane, { ...revision, latest }, state.replaced), session)
}

function writtenPlan(plan: RingPlan, end: WriteEnd, session: Session): RingPlan | undefined {
  const { name } = plan.ring
  if (end.kind === 'lost') {
    session.problem(`${name}: ${end.reason}`)
    return undefined
  }
  for (const each of end.notes) session.note(`${name}: ${each}`)
  return { ...plan, latest: end.deployment, base: end.base, content: end.deployment.content }
}

export function tellWritten({ ring: { name }, latest }: RingPlan, { tell }: Session): void {
  const deploymentId = latest?.deploymentId
  tell({ event: 'written', ring: name, deploymentId }, `${name}: wrote ${deploymentId}`)
}

function interrupted(plan: WholePlan, session: Session): RolloutStatus {
  session.problem(`interrupted: ${GO_ON}`)
  return tellEnd('interrupted', 1, plan, session)
}

export function tellEnd(
  outcome: string,
  status: RolloutStatus,
  { fingerprint, component }: WholePlan,
  { tell }: Session,
  notObserved: readonly Unseen[] = [],
): RolloutStatus {
  const text =
    outcome === 'nothing done'
      ? `Carry out with: --fingerprint ${fingerprint}`
      : `${component}: ${outcome}${unseenText(notObserved)}.`
  tell({ event: 'end', outcome, fingerprint, notObserved }, outcome === 'refused' ? undefined : text)
  return status
}

/** `; not observed: reports of canary, everyone; violations of canary`. */
function unseenText(notObserved: readonly Unseen[]): string {
  if (notObserved.length === 0) return ''
  const gates = [...new Set(notObserved.map(({ gate }) => gate))]
  const parts = gates.map((gate) => {
    const rings = notObserved.filter((each) => each.gate === gate).map(({ ring }) => ring)
    return `${gate} of ${rings.join(', ')}`
  })
  return `; not observed: ${parts.join('; ')}`
}
