/** The story of one violation as people read it on a terminal. */
import type { MetricValue } from '../../../src/metrics/datapoint.ts'
import { formatDuration, formatInstant, numberText, plural } from '../../render/numbers.ts'
import { loadTable } from '../../render/table.ts'
import { cut, printable, type TerminalStyle } from '../../render/terminal.ts'
import type { Violation } from '../model.ts'
import {
  alarmOf,
  lastsText,
  normalText,
  runsText,
  stateWords,
  toldValue,
  valueText,
  verificationWords,
  violatingValue,
} from '../words.ts'
import { evidenceLines } from './evidence.ts'
import type { Story } from './run.ts'
import { sparkline } from './sparkline.ts'
import { wrapped } from './wrap.ts'

/** Longer, and the eye no longer finds the end of a line's beginning. */
const WIDTH_MAX = 100
const LABEL_WIDTH = 13
const NEIGHBOURS_SHOWN = 12
const SECONDS_BELOW_MS = 10 * 60_000

export async function storyText(story: Story, style: TerminalStyle): Promise<string> {
  const { violation, now } = story
  const { colors } = style
  const width = Math.min(style.width, WIDTH_MAX)
  const { behavior, thingName, securityProfileName, id, verification, state } = violation
  const field = (label: string, text: string | undefined) =>
    text === undefined
      ? []
      : wrapped(text, width - LABEL_WIDTH).map(
          (line, index) =>
            `${index === 0 ? colors.dim(label.padEnd(LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH)}${line}`,
        )
  const textOf = (value: MetricValue | undefined) =>
    value === undefined ? undefined : valueText(behavior.metric, value)
  const [seen, whole] = [textOf(violatingValue(violation)), textOf(toldValue(violation))]
  const evidence = alarmOf(violation.records)?.evidence
  const said = verification === undefined ? '' : verificationWords[verification.state]
  const paint = state === 'in-alarm' ? colors.red : colors.green
  return `${[
    `${colors.bold(printable(behavior.name))} on ${colors.bold(printable(thingName))}: ${paint(stateWords[state])}, ${durationWords(violation, now)}`,
    '',
    ...field('Seen', seen ?? 'not told'),
    ...field('Among', whole === seen ? undefined : whole),
    ...field('Normal', normalText(behavior)),
    ...field('Metric', metricText(violation)),
    ...field('Rule', runsText(behavior)),
    ...field('Profile', securityProfileName),
    ...field('Muted', behavior.suppressAlerts === true ? 'yes: recorded, and nobody is notified' : undefined),
    ...field('Id', id),
    ...field(
      'Verified',
      said === '' ? undefined : [`${said} positive`, verification?.note].filter(Boolean).join(': '),
    ),
    ...(await evidenceLines(violation, evidence, style, width)),
    ...courseLines(story, style, width),
    ...eventLines(violation, style),
    ...(await neighbourLines(story, style)),
  ].join('\n')}\n`
}

const metricText = ({ behavior: { metric, metricDimension } }: Violation) =>
  metricDimension === undefined
    ? metric
    : `${metric}, ${metricDimension.operator === 'NOT_IN' ? 'not ' : ''}in ${metricDimension.dimensionName}`

function durationWords(violation: Violation, now: number): string {
  const lasts = lastsText(violation, now)
  const raised = `${formatInstant(violation.startedAt)} UTC`
  if (violation.state === 'in-alarm') return `raised ${raised}, ${lasts} ago`
  return `raised ${raised}, lasted ${lasts}`
}

function courseLines(
  { violation, around, points, now }: Story,
  { colors }: TerminalStyle,
  width: number,
): string[] {
  const { behavior, startedAt, endedAt = now } = violation
  const alarm = { since: startedAt, until: endedAt }
  const drawn = sparkline(points, around, alarm, width - 4)
  if (drawn === undefined) return []
  const isList = points.some(({ value }) => Array.isArray(Object.values(value)[0]))
  const text = (value: number) => (isList ? plural(value, 'element') : numberText(behavior.metric, value))
  // Of minutes, seconds tell the ends apart.
  const end = around.until - around.since < SECONDS_BELOW_MS ? 19 : 16
  const [from, to] = [around.since, around.until].map((at) => formatInstant(at).slice(5, end)) as [
    string,
    string,
  ]
  return [
    '',
    colors.bold(`The metric around it, from ${text(drawn.min)} to ${text(drawn.max)}`),
    `  ${drawn.line}`,
    colors.red(`  ${drawn.ruler}`),
    colors.dim(`  ${from}${to.padStart(width - 4 - from.length)}`),
  ]
}

const eventWords = {
  'in-alarm': 'alarm raised',
  'alarm-cleared': 'alarm cleared',
  'alarm-invalidated': 'alarm invalidated',
} as const

const invalidationWords = {
  'silent-for-two-days': 'the metric was silent for two days',
  'behavior-removed': 'the behavior was removed',
  'behavior-changed': 'the behavior was changed',
} as const

function eventLines({ records, behavior }: Violation, { colors, width }: TerminalStyle): string[] {
  return [
    '',
    colors.bold('Events'),
    ...records.map(({ at, type, metricValue, evidence }) => {
      const why = evidence?.kind === 'invalidation' ? (invalidationWords[evidence.reason] ?? '') : ''
      const value = metricValue === undefined ? why : valueText(behavior.metric, metricValue)
      return cut(
        `  ${formatInstant(at)}  ${eventWords[type].padEnd(17)}  ${printable(value)}`.trimEnd(),
        width,
      )
    }),
  ]
}

/** What came before and after on the same thing, with the time from the alarm in question. */
async function neighbourLines(
  { violation, neighbours, now }: Story,
  style: TerminalStyle,
): Promise<string[]> {
  if (neighbours.length === 0) return []
  const drawTable = await loadTable(style)
  const relative = (at: number) => {
    const seconds = Math.round((at - violation.startedAt) / 1000)
    if (seconds === 0) return 'with it'
    return seconds < 0 ? `${formatDuration(-seconds)} before` : `${formatDuration(seconds)} after`
  }
  // The nearest, where there are many.
  const nearest = [...neighbours]
    .sort((a, b) => Math.abs(a.startedAt - violation.startedAt) - Math.abs(b.startedAt - violation.startedAt))
    .slice(0, NEIGHBOURS_SHOWN)
  const shown = neighbours.filter((each) => nearest.includes(each))
  const table = drawTable(
    [
      { heading: 'When', max: 18 },
      { heading: 'State', max: 7 },
      { heading: 'Lasted', max: 11 },
      { heading: 'Behavior', max: 22 },
      { heading: 'Id', max: 8 },
    ],
    shown.map((each) => [
      relative(each.startedAt),
      stateWords[each.state],
      lastsText(each, now),
      each.behavior.name,
      each.id.slice(0, 8),
    ]),
  )
  const more = neighbours.length - shown.length
  return [
    '',
    style.colors.bold('Before and after on this thing'),
    ...table.split('\n').map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}
