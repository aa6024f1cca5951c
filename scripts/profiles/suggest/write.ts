/** The proposal as files: a YAML profile with its evidence in comments, and its tests. */

import { formatProfileFaults } from '../../../src/detect/reader.ts'
import { parseSecurityProfile, type SecurityProfile } from '../../../src/detect/security-profile.ts'
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import { metricCatalog } from '../../../src/metrics/catalog.ts'
import type { CustomMetricType } from '../../../src/metrics/snapshot.ts'
import { plural } from '../../render/numbers.ts'
import { formatDurationShort } from '../duration.ts'
import { engineFor, PLAY_START_AT, playSeries } from '../play.ts'
import { parseSeries } from '../series-notation.ts'
import type { Observed } from './observe.ts'
import type { Proposal, Proposed } from './propose.ts'
import { commentLine, named, quoted } from './yaml-text.ts'

export interface SuggestedFiles {
  readonly profile: string
  readonly tests: string
}

const INTERVAL_MS = 300_000

/** @param fileName of the profile, without its folder */
export function suggestedFiles(
  name: string,
  fileName: string,
  observed: Observed,
  proposal: Proposal,
): SuggestedFiles {
  const profile = checkedProfile(name, proposal)
  return {
    profile: profileText(name, observed, proposal),
    tests: testsText(fileName, profile, proposal),
  }
}

/** A proposal that is not legal would be a mistake of ours. */
function checkedProfile(name: string, { behaviors, customMetrics }: Proposal): SecurityProfile {
  const input = { securityProfileName: name, behaviors: behaviors.map(({ behavior }) => behavior) }
  const parsed = parseSecurityProfile(input, { customMetricTypes: customMetrics })
  if (!parsed.ok) throw new Error(`the proposal is no legal profile: ${formatProfileFaults(parsed.faults)}`)
  return parsed.profile
}

function profileText(
  name: string,
  observed: Observed,
  { behaviors, leftOut, customMetrics }: Proposal,
): string {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  const lines = [
    commentLine(
      '',
      `Proposed from ${plural(observed.reports, 'report')} of ${plural(observed.devices, 'device')}, ${day(observed.from)} to ${day(observed.to)} (UTC).`,
    ),
    commentLine(
      '',
      'What those days were, these criteria call normal: look for what should not have been there.',
    ),
    `securityProfileName: ${named(name)}`,
    `securityProfileDescription: Proposed from ${plural(observed.days, 'day')} of history`,
    ...(customMetrics.size === 0
      ? []
      : [
          'customMetrics:',
          ...[...customMetrics].map(([metric, type]) => `  ${named(metric)}: { type: ${type} }`),
        ]),
    ...(behaviors.length === 0 ? ['behaviors: []'] : ['behaviors:']),
    ...behaviors.flatMap(behaviorLines),
    ...(leftOut.length === 0 ? [] : [commentLine('', 'Left out:')]),
    ...leftOut.map(({ metric, reason }) => commentLine('', `  ${metric}: ${reason}`)),
  ]
  return `${lines.join('\n')}\n`
}

function behaviorLines({ behavior, evidence }: Proposed): string[] {
  const { criteria } = behavior
  const [member = '', content] = Object.entries(criteria.value ?? {})[0] ?? []
  return [
    ...evidence.map((line) => commentLine('  ', line)),
    `  - name: ${named(behavior.name)}`,
    `    metric: ${named(behavior.metric)}`,
    '    criteria:',
    `      comparisonOperator: ${criteria.comparisonOperator}`,
    ...(Array.isArray(content) ? listLines(member, content) : [`      value: { ${member}: ${content} }`]),
    ...(criteria.durationSeconds === undefined ? [] : [`      durationSeconds: ${criteria.durationSeconds}`]),
    `      consecutiveDatapointsToAlarm: ${criteria.consecutiveDatapointsToAlarm}`,
    `      consecutiveDatapointsToClear: ${criteria.consecutiveDatapointsToClear}`,
  ]
}

/** Numbers in a row, addresses one a line, so that a change to one of them shows as one. */
function listLines(member: string, content: readonly (number | string)[]): string[] {
  if (content.length === 0 || member === 'ports' || member === 'numbers') {
    return [`      value: { ${member}: [${content.join(', ')}] }`]
  }
  return ['      value:', `        ${member}:`, ...content.map((each) => `          - ${quoted(each)}`)]
}

function testsText(
  fileName: string,
  profile: SecurityProfile,
  { behaviors, customMetrics }: Proposal,
): string {
  const tests = [
    ...(behaviors.length === 0 ? [] : [quietTest(behaviors)]),
    ...behaviors.flatMap((each) => violatingTest(each) ?? []),
  ]
  const lines = tests.flatMap(({ name, series }) => {
    const events = play(profile, series, customMetrics)
    return [
      `  - name: ${named(name)}`,
      '    series:',
      ...Object.entries(series).map(([metric, notation]) => `      ${named(metric)}: ${quoted(notation)}`),
      ...(events.length === 0 ? ['    alarms: []'] : ['    alarms:', ...events.map(alarmLine)]),
    ]
  })
  return [
    `profile: ${named(fileName)}`,
    `interval: ${formatDurationShort(INTERVAL_MS)}`,
    ...(lines.length === 0 ? ['tests: []'] : ['tests:', ...lines]),
    '',
  ].join('\n')
}

interface WrittenTest {
  readonly name: string
  readonly series: Readonly<Record<string, string>>
}

function quietTest(behaviors: readonly Proposed[]): WrittenTest {
  const series: Record<string, string> = {}
  for (const { behavior, typical } of behaviors) series[behavior.metric] = `${token(typical)}x4`
  return { name: 'an ordinary hour is quiet', series }
}

const token = (value: Proposed['typical']): string =>
  typeof value === 'number'
    ? String(value)
    : `[${value.filter((each) => !unwritable.test(String(each))).join(',')}]`

/** The notation of series has no quotes: such an element would be another, or none. */
const unwritable = /[,[\]\p{Cc}\u2028\u2029]|^\s|\s$|^$/u

/** At the bound and still normal, beyond it, and normal again. */
function violatingTest({ behavior, typical }: Proposed): WrittenTest | undefined {
  const { criteria, metric, name } = behavior
  const [, content] = Object.entries(criteria.value ?? {})[0] ?? []
  const title = `${name} is raised and cleared`
  if (typeof content === 'number') {
    const isWindow = metricCatalog.get(metric)?.accumulation === 'sum'
    const intervals = isWindow ? ((criteria.durationSeconds ?? 0) * 1000) / INTERVAL_MS : 1
    const each = Math.floor(content / intervals)
    const last = content - each * (intervals - 1)
    const atBound = intervals > 1 ? `${each}x${intervals - 1} ${last}` : String(content)
    // One more than the first of the window gave, which is what leaves it.
    const beyond = intervals > 1 ? each + 1 : content + 1
    const quiet = Math.min(Number(typical), each)
    return { name: title, series: { [metric]: `${atBound} ${beyond} ${quiet}x${intervals}` } }
  }
  const stranger = strangerTo(behavior)
  if (stranger === undefined || !Array.isArray(content)) return undefined
  const usual = token(typical)
  const with_ = token([...(typical as readonly (number | string)[]), stranger])
  return { name: title, series: { [metric]: `${usual} ${with_} ${usual}` } }
}

/** An element that the set does not hold: 203.0.113.9 is nobody's (RFC 5737), 4444 a well-known backdoor's port. */
function strangerTo({ criteria }: Proposed['behavior']): number | string | undefined {
  const { value } = criteria
  if (value === undefined) return undefined
  if ('ports' in value) return [4444, 4445, 31_337].find((port) => !value.ports.includes(port))
  if ('numbers' in value) return Math.max(0, ...value.numbers) + 1
  if ('strings' in value) return 'never-seen-before'
  const tests = ['203.0.113.9', '198.51.100.9', '192.0.2.9']
  return 'cidrs' in value
    ? tests.find((address) => !value.cidrs.some((cidr) => cidr.startsWith(address.split('.')[0] ?? '')))
    : undefined
}

function play(
  profile: SecurityProfile,
  series: Readonly<Record<string, string>>,
  customMetrics: ReadonlyMap<string, CustomMetricType>,
): readonly ViolationEvent[] {
  const parsed = Object.entries(series).map(
    ([metric, notation]) => [metric, parseSeries(metric, notation, customMetrics.get(metric))] as const,
  )
  return playSeries(engineFor([profile], customMetrics), INTERVAL_MS, new Map(parsed)).events
}

function alarmLine({ violationEventTime, behavior, violationEventType }: ViolationEvent): string {
  const at = formatDurationShort(violationEventTime - PLAY_START_AT)
  return `      - { at: ${at}, behavior: ${named(behavior.name)}, event: ${violationEventType} }`
}
