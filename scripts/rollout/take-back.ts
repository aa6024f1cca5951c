/**
 * Takes back what a rollout has written: each ring gets another revision with the component's part, configuration too, as it
 * was before, and everything else as it is now. That is the only way back for devices with the nucleus lite, which do not
 * return by themselves, and for those that took a version which only later showed what it is worth.
 */
import type { Deployment } from '../aws/deployments.ts'
import { AwsProblem } from '../aws/problem.ts'
import { sameData } from './configuration-tree.ts'
import { readHistory } from './history.ts'
import type { Session } from './io.ts'
import { latestOf, type RingPlan } from './plan.ts'
import { restored } from './restore.ts'
import { partOf } from './revision.ts'
import { watchRing } from './watch.ts'
import { writeRevision } from './write.ts'

export interface TakeBackEnd {
  /** Whether each ring has its former revision again, on all devices that answered. */
  readonly isComplete: boolean
}

/** @param plans of the rings that this rollout has written, in the order of writing */
export async function takeBack(
  plans: readonly RingPlan[],
  rolloutId: string,
  maxWaitMs: number,
  session: Session,
): Promise<TakeBackEnd> {
  let isComplete = true
  const written: { readonly plan: RingPlan; readonly deployment: Deployment }[] = []
  // The largest ring comes last in a rollout, and has most to lose.
  for (const plan of [...plans].reverse()) {
    try {
      const deployment = await takeBackRing(plan, rolloutId, session)
      if (deployment === undefined) isComplete = false
      else written.push({ plan, deployment })
    } catch (error) {
      if (!(error instanceof AwsProblem)) throw error
      isComplete = false
      session.problem(`${plan.ring.name} could not be taken back: ${error.message}`)
    }
  }
  for (const { plan, deployment } of written) {
    try {
      if (!(await hasArrived(plan, deployment, maxWaitMs, session))) isComplete = false
    } catch (error) {
      if (!(error instanceof AwsProblem)) throw error
      isComplete = false
      session.problem(`${plan.ring.name} is taken back, but cannot be watched: ${error.message}`)
    }
  }
  return { isComplete }
}

async function takeBackRing(
  { ring, component, base, content }: RingPlan,
  rolloutId: string,
  session: Session,
): Promise<Deployment | undefined> {
  const { plane, tell, note, problem } = session
  const latest = await latestOf(plane, ring.targetArn)
  const ours = partOf(content, component)
  if (latest === undefined || !sameData(partOf(latest.content, component), ours)) {
    problem(`${ring.name} was not taken back: somebody has changed ${component} there since`)
    return undefined
  }
  const restoration = {
    history: await readHistory(plane, ring.targetArn, [latest, base]),
    component,
    former: base,
    since: ours === undefined ? [] : [ours],
    takenBack: rolloutId,
  }
  const back = await restored(restoration, latest)
  for (const each of back.notes) note(`${ring.name}: ${each}`)
  const end = await writeRevision(plane, {
    targetArn: ring.targetArn,
    component,
    latest,
    base: latest,
    content: back.content,
    remake: async (other) => ({ content: (await restored(restoration, other)).content, base: other }),
  })
  if (end.kind === 'lost') {
    problem(`${ring.name} was not taken back: ${end.reason}`)
    return undefined
  }
  for (const each of end.notes) note(`${ring.name}: ${each}`)
  const version = partOf(end.deployment.content, component)?.componentVersion
  tell(
    {
      event: 'taken-back',
      ring: ring.name,
      deploymentId: end.deployment.deploymentId,
      version: version ?? null,
    },
    `${ring.name}: taken back to ${version ?? 'being without it'} with ${end.deployment.deploymentId}`,
  )
  return end.deployment
}

async function hasArrived(
  { ring, component }: RingPlan,
  deployment: Deployment,
  maxWaitMs: number,
  session: Session,
): Promise<boolean> {
  const { plane, fleet, io, tell, note, problem } = session
  const end = await watchRing(
    ring,
    component,
    deployment,
    // Each device counts here: there is nothing better to go on to.
    { minSuccess: 0, maxWaitMs },
    {
      plane,
      fleet,
      clock: io.clock,
      // An operator's interruption has stopped the rollout; the way back is watched to its end, or to a second one.
      signal: new AbortController().signal,
      onNote: note,
      onProgress: (progress) => tell({ event: 'progress', ring: ring.name, ...progress }),
    },
  )
  const { devices, succeeded } = end.progress
  tell(
    { event: 'back', ring: ring.name, ...end.progress },
    `${ring.name}: ${succeeded} of ${devices} are back`,
  )
  if (succeeded === devices) return true
  problem(
    `${ring.name}: ${devices - succeeded} of ${devices} devices are not known to be back: look at "defender status"`,
  )
  return false
}
