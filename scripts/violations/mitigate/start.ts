/**
 * `defender violations mitigate start`: a mitigation task of Detect. Before it is started it is shown which things would
 * go into which group: the service does not take them out again.
 */
import { randomUUID } from 'node:crypto'
import type { DetectMitigations, TaskTarget } from '../../aws/detect-mitigations.ts'
import { type ChangeOptions, OperatorProblem } from '../../aws/operator-io.ts'
import { AwsProblem } from '../../aws/problem.ts'
import { whyNot } from '../../plan/consent.ts'
import { fingerprintOfData } from '../../plan/fingerprint.ts'
import type { ExitStatus } from '../../plan/io.ts'
import { plural } from '../../render/numbers.ts'
import { printable } from '../../render/terminal.ts'
import { findAll } from '../find.ts'
import { type FilterFlags, filterOf, type ViolationsIo, withDetect } from '../io.ts'
import type { Violation } from '../model.ts'
import { withMitigations } from './session.ts'

export interface StartFlags
  extends ChangeOptions,
    Pick<FilterFlags, 'securityProfile' | 'behavior' | 'since' | 'until'> {
  readonly action: readonly string[]
  readonly onlyActive?: boolean
  readonly suppressed?: boolean
}

/** iot API reference, StartDetectMitigationActionsTask: ids in a target, actions in a task. */
const IDS_MAX = 25
const ACTIONS_MAX = 5
/** General Reference, quotas of Device Defender: violations are kept for 30 days. */
const EVENTS_KEPT_MS = 30 * 86_400_000

interface StartPlan {
  readonly target: TaskTarget
  readonly violations: readonly Violation[]
  readonly moves: readonly Move[]
  readonly region: string
}

interface Move {
  readonly thingName: string
  readonly groupName: string
  readonly actionName: string
}

export const start = (ids: readonly string[], flags: StartFlags, io: ViolationsIo): Promise<ExitStatus> =>
  withMitigations(flags, io, async (mitigations) => {
    checkWish(ids, flags)
    const makePlan = () => planStart(ids, flags, mitigations, io)
    const plan = await makePlan()
    const fingerprint = printOf(plan)
    const isJson = flags.output === 'json'
    const report = (outcome: string, more: object = {}) => {
      const { target, moves, region } = plan
      if (isJson)
        io.write(`${JSON.stringify({ region, target, moves, fingerprint, outcome, ...more }, null, 2)}\n`)
    }
    if (!isJson) showPlan(plan, io)
    if (plan.violations.length === 0) {
      report('nothing done')
      return 0
    }
    if (flags.dryRun === true) {
      report('nothing done')
      if (!isJson) io.write(`Carry out with: --fingerprint ${fingerprint}\n`)
      return 0
    }
    const reason = await whyNot(fingerprint, async () => printOf(await makePlan()), flags, io)
    if (reason !== undefined) {
      io.writeError(reason)
      report('refused')
      return 1
    }
    const taskId = randomUUID()
    try {
      await mitigations.start({
        taskId,
        target: plan.target,
        actionNames: flags.action,
        ...scopeOf(flags, io.clock.wallMs()),
      })
    } catch (error) {
      if (error instanceof AwsProblem && error.isOutcomeUnknown) {
        io.writeError(`whether it was started is not known: see "mitigate describe ${taskId}"`)
      }
      throw error
    }
    report('started', { taskId })
    if (!isJson) io.write(`Started ${taskId}. See: npx defender violations mitigate describe ${taskId}\n`)
    return 0
  })

function checkWish(ids: readonly string[], { action, securityProfile, behavior }: StartFlags): void {
  if ((ids.length === 0) === (securityProfile === undefined)) {
    throw new OperatorProblem('give ids of violations, or --security-profile, and not both')
  }
  if (behavior !== undefined && securityProfile === undefined) {
    throw new OperatorProblem('--behavior goes with --security-profile')
  }
  if (ids.length > IDS_MAX) throw new OperatorProblem(`${ids.length} violations: a task takes ${IDS_MAX}`)
  if (action.length > ACTIONS_MAX) {
    throw new OperatorProblem(`${action.length} actions: a task takes ${ACTIONS_MAX}`)
  }
}

function scopeOf({ onlyActive, suppressed, since, until }: StartFlags, now: number) {
  const isRanged = since !== undefined || until !== undefined
  return {
    isOnlyActive: onlyActive === true,
    isWithSuppressed: suppressed === true,
    ...(isRanged ? { range: { since: since ?? now - EVENTS_KEPT_MS, until: until ?? now } } : {}),
  }
}

async function planStart(
  ids: readonly string[],
  flags: StartFlags,
  mitigations: DetectMitigations,
  io: ViolationsIo,
): Promise<StartPlan> {
  const chosen = await withDetect(flags, io, async (source) =>
    ids.length > 0 ? findAll(source, ids) : source.violations(filterOf({ ...profileOf(flags) })),
  )
  const violations = chosen.filter((violation) => isMeant(violation, flags))
  const groups = new Map<string, readonly string[]>()
  for (const name of flags.action) {
    const found = await mitigations.groupsOfAction(name)
    if (found === undefined) throw new OperatorProblem(`--action ${name}: there is no such mitigation action`)
    if (found.length === 0) {
      throw new OperatorProblem(
        `--action ${name}: it puts no things into groups, and only such actions serve Detect`,
      )
    }
    groups.set(name, found)
  }
  const things = [...new Set(violations.map(({ thingName }) => thingName))].sort()
  const moves = things.flatMap((thingName) =>
    [...groups].flatMap(([actionName, names]) =>
      names.map((groupName) => ({ thingName, groupName, actionName })),
    ),
  )
  return { target: targetOf(chosen, ids, flags), violations, moves, region: mitigations.region }
}

const profileOf = ({ securityProfile, behavior }: StartFlags): FilterFlags => ({
  ...(securityProfile === undefined ? {} : { securityProfile }),
  ...(behavior === undefined ? {} : { behavior }),
})

function targetOf(
  chosen: readonly Violation[],
  ids: readonly string[],
  { securityProfile = '', behavior }: StartFlags,
): TaskTarget {
  if (ids.length > 0) return { violationIds: chosen.map(({ id }) => id) }
  return {
    securityProfileName: securityProfile,
    ...(behavior === undefined ? {} : { behaviorName: behavior }),
  }
}

/** As the task will choose: by when the alarm was raised, whether it lasts, and whether it is muted. */
function isMeant(
  { state, behavior, startedAt }: Violation,
  { onlyActive, suppressed, since = 0, until = Number.POSITIVE_INFINITY }: StartFlags,
): boolean {
  return (
    (onlyActive !== true || state === 'in-alarm') &&
    (suppressed === true || behavior.suppressAlerts !== true) &&
    startedAt >= since &&
    startedAt <= until
  )
}

const printOf = ({ target, moves, region }: StartPlan) => fingerprintOfData({ target, moves, region })

const MOVES_SHOWN = 40

function showPlan({ violations, moves, region }: StartPlan, io: ViolationsIo): void {
  if (violations.length === 0) {
    io.write(`No such violations in ${region}: nothing to do.\n`)
    return
  }
  const things = new Set(moves.map(({ thingName }) => thingName)).size
  io.write(`Detect in ${region}: ${plural(violations.length, 'violation')} of ${plural(things, 'thing')}\n`)
  for (const { thingName, groupName, actionName } of moves.slice(0, MOVES_SHOWN)) {
    const sign = io.style.colors.green('+')
    io.write(`  ${sign} ${printable(thingName)} into ${printable(groupName)} (${printable(actionName)})\n`)
  }
  if (moves.length > MOVES_SHOWN) io.write(`  and ${moves.length - MOVES_SHOWN} more\n`)
  io.write('Detect does not take them out again.\n')
}
