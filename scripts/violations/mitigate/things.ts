/**
 * `defender violations mitigate things`: puts the things of violations that no service knows of into a group of the
 * registry, as Detect's mitigation action does for its own, and takes them out again.
 */
import type { DetectMitigations } from '../../aws/detect-mitigations.ts'
import { type ChangeOptions, OperatorProblem } from '../../aws/operator-io.ts'
import { AwsProblem } from '../../aws/problem.ts'
import { whyNot } from '../../plan/consent.ts'
import { fingerprintOfData } from '../../plan/fingerprint.ts'
import type { ExitStatus } from '../../plan/io.ts'
import { plural } from '../../render/numbers.ts'
import { printable } from '../../render/terminal.ts'
import { findAll } from '../find.ts'
import { type FilterFlags, filterOf, type SourceFlags, type ViolationsIo, withSource } from '../io.ts'
import type { Violation } from '../model.ts'
import { forgetMoved, type Moved, noteMoved, readMoved } from './record.ts'
import { withMitigations } from './session.ts'

export interface ThingsFlags extends ChangeOptions, SourceFlags, FilterFlags {
  readonly group: string
  readonly undo?: boolean
  readonly record: string
}

type Step =
  | { readonly kind: 'add'; readonly thingName: string; readonly violationIds: readonly string[] }
  | { readonly kind: 'remove'; readonly thingName: string; readonly entry: Moved }

interface Plan {
  readonly region: string
  readonly groupName: string
  readonly steps: readonly Step[]
  /** Things about which there is nothing to do, and why. */
  readonly remarks: readonly string[]
}

export const mitigateThings = (
  ids: readonly string[],
  flags: ThingsFlags,
  io: ViolationsIo,
): Promise<ExitStatus> =>
  withMitigations(flags, io, async (mitigations) => {
    const makePlan = () => planOf(ids, flags, mitigations, io)
    const plan = await makePlan()
    const fingerprint = printOf(plan)
    const isJson = flags.output === 'json'
    const report = (result: object) => {
      const { region, groupName, steps, remarks } = plan
      if (isJson) {
        io.write(
          `${JSON.stringify({ region, groupName, steps, remarks, fingerprint, ...result }, null, 2)}\n`,
        )
      }
    }
    if (!isJson) showPlan(plan, io)
    if (plan.steps.length === 0 || flags.dryRun === true) {
      report({ outcome: 'nothing done' })
      if (!isJson && plan.steps.length > 0) io.write(`Carry out with: --fingerprint ${fingerprint}\n`)
      return 0
    }
    const reason = await whyNot(fingerprint, async () => printOf(await makePlan()), flags, io)
    if (reason !== undefined) {
      io.writeError(reason)
      report({ outcome: 'refused' })
      return 1
    }
    const failures = await carryOut(plan, flags, mitigations, io)
    for (const failure of failures) io.writeError(printable(failure))
    report({ outcome: failures.length === 0 ? 'complete' : 'failed', failures })
    if (!isJson && failures.length === 0) io.write('Done.\n')
    return failures.length === 0 ? 0 : 1
  })

const printOf = ({ region, groupName, steps }: Plan) =>
  fingerprintOfData({ region, groupName, steps: steps.map(({ kind, thingName }) => [kind, thingName]) })

async function planOf(
  ids: readonly string[],
  flags: ThingsFlags,
  mitigations: DetectMitigations,
  io: ViolationsIo,
): Promise<Plan> {
  const { region } = mitigations
  const groupName = flags.group
  if (!(await mitigations.hasThingGroup(groupName))) {
    throw new OperatorProblem(`--group ${groupName}: there is no such thing group in ${region}`)
  }
  const parts = flags.undo
    ? await undoing(ids, flags, mitigations)
    : await adding(ids, flags, mitigations, io)
  return { region, groupName, ...parts }
}

type Parts = Pick<Plan, 'steps' | 'remarks'>

async function adding(
  ids: readonly string[],
  flags: ThingsFlags,
  mitigations: DetectMitigations,
  io: ViolationsIo,
): Promise<Parts> {
  const filter = filterOf(flags)
  if (ids.length === 0 && Object.keys(filter).length === 0) {
    throw new OperatorProblem(
      'give ids of violations, or say which with --thing, --behavior, --state and the like',
    )
  }
  const violations = await withSource(flags, io, async (source) =>
    ids.length > 0 ? findAll(source, ids) : source.violations(filter),
  )
  const byThing = new Map<string, Violation[]>()
  for (const violation of violations) {
    byThing.set(violation.thingName, [...(byThing.get(violation.thingName) ?? []), violation])
  }
  const steps: Step[] = []
  const remarks: string[] = []
  for (const [thingName, own] of [...byThing].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const groups = await mitigations.groupsOfThing(thingName)
    if (groups === undefined) remarks.push(`${thingName} is not in the registry of ${mitigations.region}`)
    else if (groups.includes(flags.group)) remarks.push(`${thingName} is in ${flags.group} already`)
    else steps.push({ kind: 'add', thingName, violationIds: own.map(({ id }) => id) })
  }
  return { steps, remarks }
}

/** Of the things that were put there by this program; with ids, those of these violations. */
async function undoing(
  ids: readonly string[],
  { record, group }: ThingsFlags,
  mitigations: DetectMitigations,
): Promise<Parts> {
  const own = (await readMoved(record)).filter(
    (each) => each.region === mitigations.region && each.groupName === group,
  )
  const isMeant = (each: Moved) =>
    ids.length === 0 || each.violationIds.some((known) => ids.some((id) => known.startsWith(id)))
  const chosen = own.filter(isMeant)
  const remarks =
    chosen.length === 0 ? [`${record} knows of no such thing that was put into ${group} from here`] : []
  return { steps: chosen.map((entry) => ({ kind: 'remove', thingName: entry.thingName, entry })), remarks }
}

function showPlan({ region, groupName, steps, remarks }: Plan, io: ViolationsIo): void {
  const { colors } = io.style
  io.write(`Thing group ${printable(groupName)} in ${region}\n`)
  for (const step of steps) {
    const sign = step.kind === 'add' ? colors.green('+ add   ') : colors.red('- remove')
    const why = step.kind === 'add' ? ` (${plural(step.violationIds.length, 'violation')})` : ''
    io.write(`  ${sign} ${printable(step.thingName)}${why}\n`)
  }
  for (const remark of remarks) io.write(`  ${colors.dim(printable(remark))}\n`)
  if (steps.length === 0) io.write('Nothing to do.\n')
}

/** One after the other; one that fails leaves the rest to be done. */
async function carryOut(
  { region, groupName, steps }: Plan,
  { record }: ThingsFlags,
  mitigations: DetectMitigations,
  io: ViolationsIo,
): Promise<readonly string[]> {
  const failures: string[] = []
  const { signal, stop } = io.interruption()
  try {
    for (const step of steps) {
      if (signal.aborted) {
        failures.push('interrupted: what was done stays, the next run does the rest')
        break
      }
      const failure =
        step.kind === 'add'
          ? await add(step, { region, groupName, record }, mitigations, io)
          : await remove(step, record, mitigations)
      if (failure !== undefined) failures.push(`${step.thingName}: ${failure}`)
    }
  } finally {
    stop()
  }
  return failures
}

async function add(
  { thingName, violationIds }: Extract<Step, { kind: 'add' }>,
  { region, groupName, record }: { region: string; groupName: string; record: string },
  mitigations: DetectMitigations,
  io: ViolationsIo,
): Promise<string | undefined> {
  const entry = { region, groupName, thingName, at: io.clock.wallMs(), violationIds }
  await noteMoved(record, entry)
  try {
    await mitigations.addToGroup(thingName, groupName)
    return undefined
  } catch (error) {
    if (!(error instanceof AwsProblem)) throw error
    if (!error.isOutcomeUnknown) await forgetMoved(record, entry)
    return error.message
  }
}

async function remove(
  { thingName, entry }: Extract<Step, { kind: 'remove' }>,
  record: string,
  mitigations: DetectMitigations,
): Promise<string | undefined> {
  try {
    await mitigations.removeFromGroup(thingName, entry.groupName)
    await forgetMoved(record, entry)
    return undefined
  } catch (error) {
    if (!(error instanceof AwsProblem)) throw error
    return error.message
  }
}
