/** `defender rollback`: a component's former version and configuration, on one target or several. */
import { OperatorProblem } from '../aws/operator-io.ts'
import { AwsProblem } from '../aws/problem.ts'
import { whyNot } from '../plan/consent.ts'
import { tellWritten, writeRing } from './carry-out.ts'
import { type RolloutIo, type RolloutStatus, type Session, type SessionOptions, withSession } from './io.ts'
import { type Gates, watchAndJudge } from './judge.ts'
import { planFingerprint, type RingPlan } from './plan.ts'
import { planRollback, type RollbackWish } from './plan-rollback.ts'
import { type RingName, resolveRings } from './rings.ts'
import { showPlan, type WholePlan } from './show-plan.ts'

export interface RollbackOptions extends SessionOptions, RollbackWish {
  readonly rings: readonly RingName[]
  readonly gates: Gates
}

export const rollback = (options: RollbackOptions, io: RolloutIo): Promise<RolloutStatus> =>
  withSession(options, io, async (session) => {
    const plan = await makePlan(options, session)
    showPlan(plan, session)
    const end = (outcome: string, status: RolloutStatus) => {
      const { fingerprint } = plan
      const text = outcome === 'nothing done' ? `Carry out with: --fingerprint ${fingerprint}` : `${outcome}.`
      session.tell({ event: 'end', outcome, fingerprint }, outcome === 'refused' ? undefined : text)
      return status
    }
    if (plan.plans.some(({ problems }) => problems.length > 0)) return end('refused', 1)
    if (options.dryRun === true) return end('nothing done', 0)
    if (plan.plans.some(({ state }) => state.kind === 'to-write')) {
      const again = async () => (await makePlan(options, session)).fingerprint
      const reason = await whyNot(plan.fingerprint, again, options, io)
      if (reason !== undefined) {
        session.problem(reason)
        return end('refused', 1)
      }
    }
    return carryOut(plan, session, end)
  })

async function makePlan(options: RollbackOptions, { plane, fleet }: Session): Promise<WholePlan> {
  const plans: RingPlan[] = []
  for (const ring of await resolveRings(fleet, options.rings)) {
    plans.push(await planRollback(plane, ring, options))
  }
  return {
    verb: 'roll back',
    region: plane.region,
    component: options.component,
    plans,
    gates: options.gates,
    fingerprint: planFingerprint(plans),
    notes: [],
    problems: [],
  }
}

async function carryOut(
  { plans, gates }: WholePlan,
  session: Session,
  end: (outcome: string, status: RolloutStatus) => RolloutStatus,
): Promise<RolloutStatus> {
  const { signal, problem } = session
  // All are written before any is watched: a bad version should go soon, and everywhere.
  const written: RingPlan[] = []
  for (const plan of plans) {
    const current = await writeRing(plan, session)
    if (current === undefined) continue
    if (current !== plan) tellWritten(current, session)
    written.push(current)
  }
  let isComplete = written.length === plans.length
  for (const plan of written) {
    if (signal.aborted) break
    const judged = await watchAndJudge(plan, gates, session).catch((error: unknown) => {
      if (error instanceof AwsProblem || error instanceof OperatorProblem)
        problem('what was written stays: run the same command again to watch on')
      throw error
    })
    if (judged.kind !== 'passed') isComplete = false
    if (judged.kind === 'superseded')
      problem(`${plan.ring.name}: somebody has changed ${plan.component} there meanwhile`)
  }
  if (signal.aborted) {
    problem('interrupted: what was written stays; run the same command again to watch on')
    return end('interrupted', 1)
  }
  return isComplete ? end('complete', 0) : end('not complete', 1)
}
