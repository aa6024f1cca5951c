/** Runs the tests of a profile and says what differs; and which behaviors no test has seen raise an alarm. */
import type { Engine } from '../../src/detect/engine.ts'
import type { ViolationEvent } from '../../src/detect/violation.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'
import { engineFor, PLAY_START_AT, playSeries } from './play.ts'
import type { ExpectedAlarm, ProfileTest, TestFile } from './test-file.ts'

export interface SeenAlarm {
  readonly atMs: number
  readonly behavior: string
  readonly event: string
  readonly value?: MetricValue
}

export interface TestOutcome {
  readonly name: string
  readonly line: number
  readonly passed: boolean
  /** Expected and not seen, seen and not expected; in the order of time. */
  readonly missing: readonly ExpectedAlarm[]
  readonly unexpected: readonly SeenAlarm[]
  readonly durationMs: number
}

/** How far the tests reach into one behavior. */
export interface BehaviorCoverage {
  readonly behavior: string
  readonly raised: boolean
  readonly cleared: boolean
  /** Judged on the device at all; what is left to AWS no test can reach. */
  readonly isJudged: boolean
}

export interface FileOutcome {
  readonly path: string
  readonly profilePath: string
  readonly securityProfileName: string
  readonly tests: readonly TestOutcome[]
  readonly coverage: readonly BehaviorCoverage[]
}

/** @param nowMs a monotonic clock, for the durations in the report */
export function runTestFile(file: TestFile, nowMs: () => number): FileOutcome {
  const { profile } = file.profile
  const engine = engineFor([profile], file.customMetricTypes)
  const seen: SeenAlarm[] = []
  const tests = file.tests.map((test): TestOutcome => {
    const startedMs = nowMs()
    const alarms = alarmsOf(engine, file, test)
    seen.push(...alarms)
    const { missing, unexpected } = compareAlarms(test.alarms, alarms)
    const passed = missing.length === 0 && unexpected.length === 0
    return { name: test.name, line: test.line, passed, missing, unexpected, durationMs: nowMs() - startedMs }
  })
  return {
    path: file.path,
    profilePath: file.profile.path,
    securityProfileName: profile.securityProfileName,
    tests,
    coverage: coverageOf(file, engine, seen),
  }
}

/** Whether all tests of a file pass with this engine, which may be a mutant's; stops at the first that does not. */
export function allPass(file: TestFile, engine: Engine): boolean {
  return file.tests.every((test) => {
    const { missing, unexpected } = compareAlarms(test.alarms, alarmsOf(engine, file, test))
    return missing.length === 0 && unexpected.length === 0
  })
}

function alarmsOf(engine: Engine, file: TestFile, test: ProfileTest): SeenAlarm[] {
  return playSeries(engine, file.intervalMs, test.series).events.map(seenAlarm)
}

function seenAlarm(event: ViolationEvent): SeenAlarm {
  return {
    atMs: event.violationEventTime - PLAY_START_AT,
    behavior: event.behavior.name,
    event: event.violationEventType,
    ...(event.metricValue === undefined ? {} : { value: event.metricValue }),
  }
}

/** Alarms at one time have no order among each other. */
export function compareAlarms(
  expected: readonly ExpectedAlarm[],
  seen: readonly SeenAlarm[],
): { missing: ExpectedAlarm[]; unexpected: SeenAlarm[] } {
  const unexpected = [...seen]
  const missing = expected.filter((alarm) => {
    const index = unexpected.findIndex((each) => isSame(alarm, each))
    if (index >= 0) unexpected.splice(index, 1)
    return index < 0
  })
  return { missing, unexpected }
}

function isSame(expected: ExpectedAlarm, seen: SeenAlarm): boolean {
  return (
    expected.atMs === seen.atMs &&
    expected.behavior === seen.behavior &&
    expected.event === seen.event &&
    (expected.value === undefined || canonical(expected.value) === canonical(seen.value ?? {}))
  )
}

/** Lists are sets here: an event shows them sorted, a test as its author thought of them. */
function canonical(value: object): string {
  return JSON.stringify(
    Object.entries(value).map(([member, content]) => [
      member,
      Array.isArray(content) ? content.map((each) => JSON.stringify(each)).sort() : content,
    ]),
  )
}

function coverageOf(file: TestFile, engine: Engine, seen: readonly SeenAlarm[]): BehaviorCoverage[] {
  const { state } = engine.resume(undefined, PLAY_START_AT, PLAY_START_AT + file.intervalMs)
  const has = (behavior: string, event: string) =>
    seen.some((each) => each.behavior === behavior && each.event === event)
  return engine.status(state).map(({ behavior, state: standing }) => ({
    behavior: behavior.name,
    raised: has(behavior.name, 'in-alarm'),
    cleared: has(behavior.name, 'alarm-cleared'),
    isJudged: standing !== 'not-judged',
  }))
}
