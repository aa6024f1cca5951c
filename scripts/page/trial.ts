/**
 * What a changed behavior would have raised in the time just gone by: the agent's own history, judged by what
 * `defender backtest` judges with, once as the behavior was and once as it would be.
 */
import { type CompiledBehavior, type CompiledProfile, compileProfile } from '../../src/detect/compile.ts'
import type { ProfileFault } from '../../src/detect/reader.ts'
import {
  type Behavior,
  parseSecurityProfile,
  type SecurityProfile,
} from '../../src/detect/security-profile.ts'
import type { Datapoint, MetricValue } from '../../src/metrics/datapoint.ts'
import { readDatapoints } from '../../src/store/history-read.ts'
import { usualDistance } from '../profiles/backtest/run.ts'
import { createReplay, type Verdicts } from '../profiles/replay.ts'

export interface Trial {
  /** As it was read: this is what a profile takes. */
  readonly behavior: Behavior
  /** Why the device would not judge it; the rest is then empty. */
  readonly notJudged?: string
  /** Epoch milliseconds: from the beginning of the first interval to the end of the last; absent without any. */
  readonly from?: number
  readonly to?: number
  readonly intervals: number
  readonly intervalMs: number
  /** The metric's datapoints, oldest first: of numbers the value, of lists how long they were. */
  readonly points: readonly { readonly at: number; readonly value: number }[]
  readonly now: Outcome
  /** Absent where there is no such behavior yet. */
  readonly before?: Outcome
}

interface Outcome {
  readonly alarms: readonly RaisedAlarm[]
  readonly verdicts: Verdicts
}

interface RaisedAlarm {
  readonly from: number
  /** Absent while it lasts. */
  readonly to?: number
  /** What raised it: the number judged, or the first of the elements that offend. */
  readonly value?: number | readonly (number | string)[]
  /** Of a list: how many elements offend. */
  readonly total?: number
}

export type TrialResult =
  | { readonly ok: true; readonly trial: Trial }
  | { readonly ok: false; readonly faults: readonly ProfileFault[] }

export interface TrialRequest {
  readonly profileName: string
  readonly behavior: unknown
  /** As it is judged now. */
  readonly before?: Behavior
  /** Epoch milliseconds; what is older is not looked at. */
  readonly since: number
  /** Of the agent, epoch milliseconds: what lies before one it has not measured. */
  readonly starts?: readonly number[]
}

export async function tryBehavior(historyDirectory: string, request: TrialRequest): Promise<TrialResult> {
  const { profileName, behavior, before, since, starts = [] } = request
  const parsed = readAlone(profileName, behavior)
  if (!parsed.ok) return { ok: false, faults: parsed.faults.map(withinBehavior) }
  const compiled = compileProfile(parsed.profile)
  const [wanted] = parsed.profile.behaviors as [Behavior]
  const records = await readIntervals(historyDirectory, wanted.metric, since)
  const intervalMs = usualDistance(records.map(({ at }) => at))
  const first = records[0]
  const notJudged = compiled.notJudged[0]?.reason
  const trial: Trial = {
    behavior: wanted,
    ...(notJudged !== undefined && { notJudged }),
    ...(first !== undefined && {
      from: beginningOf(first.at, intervalMs, starts),
      to: (records.at(-1) ?? first).at,
    }),
    intervals: records.length,
    intervalMs,
    points: records.flatMap(({ at, value }) => (value === undefined ? [] : [{ at, value: sizeOf(value) }])),
    now: judge(compiled, records, intervalMs),
    // Another metric's alarms say nothing about this one.
    ...(before?.metric === wanted.metric && {
      before: judge(compiledAlone(profileName, before), records, intervalMs),
    }),
  }
  return { ok: true, trial }
}

/** An interval that was not the whole one: the agent was started within it. */
const beginningOf = (endAt: number, intervalMs: number, starts: readonly number[]): number =>
  Math.max(endAt - intervalMs, ...starts.filter((start) => start <= endAt))

/** A behavior as the only one of its profile, or what is wrong with it. */
export const readAlone = (securityProfileName: string, behavior: unknown) =>
  parseSecurityProfile({ securityProfileName, behaviors: [behavior] })

const compiledAlone = (securityProfileName: string, behavior: Behavior): CompiledProfile =>
  compileProfile({ securityProfileName, behaviors: [behavior] } satisfies SecurityProfile)

/** The form knows one behavior, not the profile around it. */
const withinBehavior = (fault: ProfileFault): ProfileFault => ({
  ...fault,
  path: fault.path.replace(/^behaviors(\[0\])?\.?/, ''),
})

interface IntervalRecord {
  readonly at: number
  /** Absent where that interval has no datapoint of the metric. */
  readonly value?: MetricValue
}

/** One for each interval of the history: one without a datapoint counts as measured, too. */
async function readIntervals(directory: string, metric: string, since: number): Promise<IntervalRecord[]> {
  const records = new Map<number, IntervalRecord>()
  for await (const datapoint of readDatapoints(directory, { since })) {
    const { at } = datapoint
    if (datapoint.metric === metric) records.set(at, { at, value: datapoint.value })
    else if (!records.has(at)) records.set(at, { at })
  }
  return [...records.values()]
}

/** Elements named of one alarm. */
const ELEMENTS_MAX = 5

function judge(profile: CompiledProfile, records: readonly IntervalRecord[], intervalMs: number): Outcome {
  const [behavior] = profile.judged
  if (behavior === undefined) return { alarms: [], verdicts: { conforming: 0, violating: 0, none: 0 } }
  const replay = createReplay([profile], intervalMs)
  const alarms: RaisedAlarm[] = []
  for (const { at, value } of records) {
    for (const event of replay.record(at, datapointsOf(behavior, value))) {
      if (event.type === 'in-alarm') alarms.push({ from: at, ...shown(event.value) })
      else alarms.push({ ...(alarms.pop() as RaisedAlarm), to: event.at })
    }
  }
  return { alarms, verdicts: { ...(replay.verdicts[0] as Verdicts) } }
}

const datapointsOf = ({ behavior }: CompiledBehavior, value: MetricValue | undefined): Datapoint[] =>
  value === undefined ? [] : [{ metric: behavior.metric, value }]

function shown(
  value: number | readonly (number | string)[] | undefined,
): Pick<RaisedAlarm, 'value' | 'total'> {
  if (value === undefined) return {}
  return typeof value === 'number' ? { value } : { value: value.slice(0, ELEMENTS_MAX), total: value.length }
}

function sizeOf(value: MetricValue): number {
  const [content] = Object.values(value) as [number | readonly unknown[]]
  return typeof content === 'number' ? content : content.length
}
