/** `defender rollback`: a component's former version and configuration, on one target or several. */
import { OperatorProblem } from '../aws/operator-io.ts'
import { AwsProblem } from '../aws/problem.ts'
import { whyNot } from '../plan/consent.ts'
import { type RolloutIo, type RolloutStatus, type Session, type SessionOptions, withSession } from './io.ts'
import { type Gates, watchAndJudge } from './judge.ts'
import { planFingerprint, type RingPlan } from './plan.ts'
import { planRollback, type RollbackWish } from './plan-rollback.ts'
import { type RingName, resolveRings } from './rings.ts'
import { showPlan, type WholePlan } from './show-plan.ts'
import { catchUp, type WriteEnd, writeRevision } from './write.ts'

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
    return carryOut(plan, options.gates, session, end)
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
  { plans }: WholePlan,
  gates: Gates,
  session: Session,
  end: (outcome: string, status: RolloutStatus) => RolloutStatus,
): Promise<RolloutStatus> {
  const { plane, signal, tell, note, problem } = session
  // All are written before any is watched: a bad version should go soon, and everywhere.
  const written: { readonly plan: RingPlan; readonly deployment: NonNullable<RingPlan['latest']> }[] = []
  let isComplete = true
  for (const plan of plans) {
    const { ring, latest } = plan
    const result = await write(plan, plane)
    if (result === undefined) {
      if (latest !== undefined) written.push({ plan, deployment: latest })
      continue
    }
    if (result.kind === 'lost') {
      problem(`${ring.name}: ${result.reason}`)
      isComplete = false
      continue
    }
    for (const each of result.notes) note(`${ring.name}: ${each}`)
    const { deploymentId } = result.deployment
    tell({ event: 'written', ring: ring.name, deploymentId }, `${ring.name}: wrote ${deploymentId}`)
    written.push({ plan, deployment: result.deployment })
  }
  for (const { plan, deployment } of written) {
    if (signal.aborted) break
    const judged = await watchAndJudge(plan.ring, plan.component, deployment, gates, session).catch(
      (error: unknown) => {
        if (error instanceof AwsProblem || error instanceof OperatorProblem)
          problem('what was written stays: run the same command again to watch on')
        throw error
      },
    )
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

/** Undefined where nothing is to be written. */
async function write(plan: RingPlan, plane: Session['plane']): Promise<WriteEnd | undefined> {
  const { ring, state, latest } = plan
  const revision = { targetArn: ring.targetArn, ...plan }
  if (state.kind === 'to-write') return writeRevision(plane, revision)
  return state.kind === 'written' && state.replaced !== undefined && latest !== undefined
    ? catchUp(plane, { ...revision, latest }, state.replaced)
    : undefined
}
