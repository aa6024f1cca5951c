/**
 * A plan of steps: shown, confirmed, and carried out one after the other. It stops at the first that fails or when the
 * operator interrupts; what was done stays done, and since each plan begins with what is there, running the command
 * again does the rest and nothing twice.
 */
import type { ChangeOptions, OperatorIo } from '../aws/operator-io.ts'
import { AwsProblem } from '../aws/problem.ts'
import { whyNot } from '../plan/consent.ts'
import { fingerprintOfData } from '../plan/fingerprint.ts'
import type { ExitStatus } from '../plan/io.ts'
import { printable, type TerminalStyle } from '../render/terminal.ts'

export interface Step {
  readonly action: 'create' | 'update' | 'delete' | 'upload' | 'wait'
  /** As in `bucket defender-eu-west-1-123456789012`. */
  readonly subject: string
  readonly details?: readonly string[]
  /** What tells this step from another one of the same subject: part of the fingerprint. */
  readonly content?: string
  /** Throws an `AwsProblem` or a `StepFailure` when it could not be done. */
  readonly carryOut: (context: StepContext) => Promise<void>
}

export interface StepContext {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

export interface StepPlan {
  /** Where: account, region. */
  readonly place: string
  readonly steps: readonly Step[]
  /** What is as it should be. */
  readonly unchanged: readonly string[]
  readonly notes: readonly string[]
  /** With any of these the plan is not carried out. */
  readonly problems: readonly string[]
}

/** A step that AWS carried out, with an end that is not the wanted one. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export const stepsFingerprint = ({ place, steps }: StepPlan): string =>
  fingerprintOfData({
    place,
    steps: steps.map(({ action, subject, details = [], content = '' }) => [
      action,
      subject,
      details,
      content,
    ]),
  })

/**
 * @param makePlan is called again once the operator has answered, who may have taken an hour for it
 * @param extra members of the JSON document, asked for when all is done, of the plan that was carried out
 */
export async function runSteps<Plan extends StepPlan>(
  makePlan: () => Promise<Plan>,
  options: ChangeOptions,
  io: OperatorIo,
  extra: (plan: Plan) => object,
): Promise<ExitStatus> {
  const plan = await makePlan()
  const isJson = options.output === 'json'
  const fingerprint = stepsFingerprint(plan)
  const report = (result: object) =>
    isJson &&
    io.write(`${JSON.stringify({ ...planJson(plan, fingerprint), ...result, ...extra(plan) }, null, 2)}\n`)
  if (!isJson) showPlan(plan, fingerprint, io)
  for (const note of plan.notes) io.writeError(`note: ${printable(note)}`)
  for (const problem of plan.problems) io.writeError(printable(problem))

  const refuse = (reason?: string): ExitStatus => {
    if (reason !== undefined) io.writeError(reason)
    report({ outcome: 'refused' })
    return 1
  }
  if (plan.problems.length > 0) return refuse()
  if (plan.steps.length === 0 || options.dryRun === true) {
    report({ outcome: 'nothing done' })
    return 0
  }
  const again = async () => stepsFingerprint(await makePlan())
  const reason = await whyNot(fingerprint, again, options, io)
  if (reason !== undefined) return refuse(reason)
  return carryOut(plan, report, isJson, io)
}

async function carryOut(
  { steps }: StepPlan,
  report: (result: object) => unknown,
  isJson: boolean,
  io: OperatorIo,
): Promise<ExitStatus> {
  const { signal, stop } = io.interruption()
  const progress = (line: string) => io.progress?.(printable(line))
  try {
    for (const [index, step] of steps.entries()) {
      const failure = signal.aborted ? 'interrupted' : await attempt(step, { signal, progress })
      progress('')
      if (failure !== undefined) {
        const isInterrupted = failure === 'interrupted'
        showStop(steps, index, failure, io)
        report({
          outcome: isInterrupted ? 'interrupted' : 'failed',
          done: steps.slice(0, index).map(stepJson),
          notDone: steps.slice(index).map(stepJson),
          ...(isInterrupted ? {} : { failure: { code: failure.code, message: failure.message } }),
        })
        return 1
      }
      if (!isJson) io.write(`${stepLine(step, io.style)}: done\n`)
    }
    report({ outcome: 'complete', done: steps.map(stepJson), notDone: [] })
    return 0
  } finally {
    stop()
  }
}

type Failure = AwsProblem | StepFailure | 'interrupted'

async function attempt(step: Step, context: StepContext): Promise<Failure | undefined> {
  try {
    await step.carryOut(context)
    return undefined
  } catch (error) {
    if (error instanceof AwsProblem) return error.code === 'interrupted' ? 'interrupted' : error
    if (error instanceof StepFailure) return error
    throw error
  }
}

function showPlan(
  { place, steps, unchanged, problems }: StepPlan,
  fingerprint: string,
  io: OperatorIo,
): void {
  io.write(`${printable(place)}\n`)
  for (const subject of unchanged) io.write(`  = ${printable(subject)}\n`)
  for (const step of steps) {
    io.write(`${stepLine(step, io.style)}\n`)
    for (const detail of step.details ?? []) io.write(`        ${printable(detail)}\n`)
  }
  if (steps.length > 0)
    io.write(`${steps.length} step${steps.length === 1 ? '' : 's'}, plan ${fingerprint}.\n`)
  else if (problems.length === 0) io.write('Nothing to do.\n')
}

function showStop(steps: readonly Step[], index: number, failure: Failure, io: OperatorIo): void {
  const step = steps[index] as Step
  const phrase = `${step.action} ${printable(step.subject)}`
  if (failure === 'interrupted') io.writeError(`interrupted before or during: ${phrase}`)
  else io.writeError(`${phrase} failed: ${failure.message.split('\n').map(printable).join('\n')}`)
  if (failure instanceof AwsProblem && failure.isOutcomeUnknown) {
    io.writeError('whether AWS carried it out is not known: the answer was lost')
  }
  io.writeError(
    `${index} of ${steps.length} steps are done and stay. Run the command again: it does what is left, and nothing twice.`,
  )
}

const SIGNS = { create: '+', upload: '+', update: '~', delete: '-', wait: '.' } as const

function stepLine({ action, subject }: Step, { colors }: TerminalStyle): string {
  const sign = SIGNS[action]
  const paint = sign === '+' ? colors.green : sign === '-' ? colors.red : colors.yellow
  return `  ${paint(`${sign} ${action.padEnd(6)}`)}  ${printable(subject)}`
}

const stepJson = ({ action, subject, details = [] }: Step) => ({ action, subject, details })

const planJson = ({ place, steps, unchanged, notes, problems }: StepPlan, fingerprint: string) => ({
  place,
  fingerprint,
  steps: steps.map(stepJson),
  unchanged,
  notes,
  problems,
})
