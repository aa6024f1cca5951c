/**
 * Outcomes of profile tests as text for people, JUnit XML for CI servers, and JSON.
 * JUnit has no standard; the elements are those that Jenkins and GitLab read (testsuites, testsuite, testcase, failure).
 */
import { plural } from '../render/numbers.ts'
import { formatDurationShort } from './duration.ts'
import type { MutationOutcome } from './mutate.ts'
import { mutationScore } from './mutate.ts'
import type { ExpectedAlarm } from './test-file.ts'
import type { FileOutcome, SeenAlarm, TestOutcome } from './test-run.ts'

export interface TestReport {
  readonly outcomes: readonly FileOutcome[]
  /** Files that could not be read, or have mistakes: their tests have not run. */
  readonly faultyFiles?: number
  /** Only where they were asked for. */
  readonly mutations?: readonly MutationOutcome[]
}

/** Nothing where no test could be run for faults: that is no success. */
export function textReport(report: TestReport): string {
  const { outcomes, mutations, faultyFiles = 0 } = report
  if (outcomes.length === 0 && faultyFiles > 0) return ''
  const lines = outcomes.flatMap((outcome) => [
    `${outcome.path} (${outcome.securityProfileName})`,
    ...outcome.tests.flatMap((test) => testLines(outcome.path, test)),
    ...coverageLines(outcome),
    ...mutationLines(mutations?.find(({ path }) => path === outcome.path)),
    '',
  ])
  return [...lines, ...totals(report), ''].join('\n')
}

function testLines(path: string, { name, line, passed, missing, unexpected }: TestOutcome): string[] {
  if (passed) return [`  ok      ${name}`]
  return [
    `  FAILED  ${name} (${path}:${line})`,
    ...missing.map((alarm) => `          expected, not seen:  ${alarmText(alarm)}`),
    ...unexpected.map((alarm) => `          seen, not expected:  ${alarmText(alarm)}`),
  ]
}

/** As a test file writes it, so that it can be copied into one. */
function alarmText({ atMs, behavior, event, value }: ExpectedAlarm | SeenAlarm): string {
  const members = value === undefined ? '' : `, value: ${valueText(value)}`
  return `{ at: ${formatDurationShort(atMs)}, behavior: ${behavior}, event: ${event}${members} }`
}

function valueText(value: object): string {
  const [member = '', content] = Object.entries(value)[0] ?? []
  const element = (each: unknown) =>
    typeof each === 'string' && /[:,[\]{}]/.test(each) ? JSON.stringify(each) : each
  return `{ ${member}: ${Array.isArray(content) ? `[${content.map(element).join(', ')}]` : content} }`
}

function coverageLines({ coverage }: FileOutcome): string[] {
  const judged = coverage.filter(({ isJudged }) => isJudged)
  const raised = judged.filter((each) => each.raised)
  const unseen = judged.filter((each) => !each.raised).map(({ behavior }) => behavior)
  const uncleared = judged.filter((each) => each.raised && !each.cleared).map(({ behavior }) => behavior)
  const rest = [
    ...(unseen.length > 0 ? [`never in alarm: ${unseen.join(', ')}`] : []),
    ...(uncleared.length > 0 ? [`never cleared: ${uncleared.join(', ')}`] : []),
  ]
  return [
    `  covered ${raised.length} of ${plural(judged.length, 'behavior')}${rest.map((each) => `; ${each}`).join('')}`,
  ]
}

function mutationLines(outcome: MutationOutcome | undefined): string[] {
  if (outcome === undefined) return []
  const killed = outcome.mutants - outcome.survivors.length
  return [
    `  noticed ${killed} of ${plural(outcome.mutants, 'change')}`,
    ...outcome.survivors.map(
      ({ line, column, behavior, member, from, to }) =>
        `          no test notices:  ${behavior} ${member}: ${from} -> ${to} (${outcome.profilePath}:${line}:${column})`,
    ),
  ]
}

function totals({ outcomes, mutations, faultyFiles = 0 }: TestReport): string[] {
  const tests = outcomes.flatMap((outcome) => outcome.tests)
  const failed = tests.filter(({ passed }) => !passed).length
  const rest = faultyFiles === 0 ? '' : `; ${plural(faultyFiles, 'file')} with faults`
  const counts = `${plural(tests.length, 'test')} in ${plural(outcomes.length, 'file')}, ${failed} failed${rest}`
  if (mutations === undefined) return [counts]
  return [counts, `mutation score ${percent(mutationScore(mutations))}`]
}

export const percent = (share: number) => `${Math.floor(share * 1000) / 10} %`

export function jsonReport({ outcomes, mutations }: TestReport): string {
  const score = mutations === undefined ? {} : { mutations, mutationScore: mutationScore(mutations) }
  return `${JSON.stringify({ files: outcomes, ...score }, null, 2)}\n`
}

export function junitReport({ outcomes, mutations }: TestReport): string {
  const suites = [...outcomes.map(testSuite), ...(mutations ?? []).map(mutationSuite)]
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="defender test">\n${suites.join('')}</testsuites>\n`
}

function testSuite({ path, tests, securityProfileName }: FileOutcome): string {
  const cases = tests.map(({ name, passed, missing, unexpected, durationMs, line }) => {
    const failure = [
      ...missing.map((alarm) => `expected, not seen: ${alarmText(alarm)}`),
      ...unexpected.map((alarm) => `seen, not expected: ${alarmText(alarm)}`),
    ].join('\n')
    return testCase(path, name, passed ? undefined : `${path}:${line}\n${failure}`, durationMs)
  })
  const failures = tests.filter(({ passed }) => !passed).length
  return suite(`${path} (${securityProfileName})`, tests.length, failures, cases)
}

/** One case a file: hundreds of mutants would bury the tests. */
function mutationSuite({ path, mutants, survivors }: MutationOutcome): string {
  const text = survivors.map(
    ({ behavior, member, from, to }) => `no test notices ${behavior} ${member}: ${from} -> ${to}`,
  )
  const name = `${plural(mutants, 'change')} to the profile noticed`
  const failure = survivors.length === 0 ? undefined : text.join('\n')
  return suite(`${path} (changes)`, 1, survivors.length === 0 ? 0 : 1, [testCase(path, name, failure, 0)])
}

function suite(name: string, tests: number, failures: number, cases: readonly string[]): string {
  return `  <testsuite name="${xml(name)}" tests="${tests}" failures="${failures}">\n${cases.join('')}  </testsuite>\n`
}

function testCase(path: string, name: string, failure: string | undefined, durationMs: number): string {
  const head = `    <testcase classname="${xml(path)}" name="${xml(name)}" time="${(durationMs / 1000).toFixed(3)}"`
  if (failure === undefined) return `${head}/>\n`
  return `${head}>\n      <failure message="${xml(failure.split('\n')[0] ?? '')}">${xml(failure)}</failure>\n    </testcase>\n`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** XML 1.0 has no way to write most control characters. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => entities[character] as string)
}
