/** The agent's state as `defender status` shows it to people. */
import type { BehaviorHealth, Health } from '../../src/report/health.ts'
import { formatBytes, formatCount, formatDuration, formatInstant, numberText, plural } from './numbers.ts'
import type { DrawTable } from './table.ts'
import { printable, type TerminalStyle } from './terminal.ts'

/** Width of the first column. */
const LABEL = 10
/** States have at most ten characters, `not-judged`. Names get what they mostly need, the last column has the rest. */
const STATE_WIDTH = 10
const NAME_WIDTH_MAX = 32
const PART_WIDTH_MAX = 20
const NUMBER_WIDTH = 9
/** Blanks between columns. */
const GAP = 2

export interface Verdict {
  /** Why the agent is not healthy; none if it is. */
  readonly problems: readonly string[]
  /** `ended` or `not seen since` of an agent that does not run: what its state says was so then. */
  readonly absence: string | undefined
}

export function renderStatus(
  health: Health,
  { problems, absence }: Verdict,
  now: number,
  style: TerminalStyle,
  drawTable: DrawTable,
): string {
  const { colors } = style
  const { at, agentVersion, thingName, parts, behaviors } = health
  const present = problems.length === 0 ? colors.green('healthy') : colors.red('NOT HEALTHY')
  const verdict = absence === undefined ? present : colors.red(`${absence} ${formatInstant(at)} UTC`)
  const lines = [
    `${colors.bold(`greengrass-defender ${printable(agentVersion)}`)}  ${printable(thingName)}  ${verdict}`,
    ...problems.map((problem) => colors.red(`  ${printable(problem)}`)),
    ...facts(health, absence !== undefined, now).map(
      ([label, value]) => `  ${label.padEnd(LABEL)}${printable(value)}`,
    ),
  ]
  const rest = Math.max(20, style.width - 2)
  if (parts.length > 0) {
    const width = widest(
      parts.map(({ part }) => part),
      PART_WIDTH_MAX,
    )
    const table = drawTable(
      [
        { heading: 'Part', max: width },
        { heading: 'Last, ms', align: 'right', max: NUMBER_WIDTH },
        { heading: 'Failures', align: 'right', max: NUMBER_WIDTH },
        { heading: 'Error', max: rest - width - 2 * NUMBER_WIDTH - 3 * GAP },
      ],
      parts.map(({ part, durationMs, failures, error }) => [
        part,
        durationMs.toFixed(1),
        formatCount(failures),
        error ?? '',
      ]),
    )
    lines.push('', indent(table))
  }
  if (behaviors.length > 0) {
    const names = behaviors.map(
      ({ securityProfileName, behaviorName }) => `${securityProfileName} / ${behaviorName}`,
    )
    const width = widest(names, NAME_WIDTH_MAX)
    const detailWidth = rest - STATE_WIDTH - width - 2 * GAP
    const table = drawTable(
      [
        { heading: 'State', max: STATE_WIDTH },
        { heading: 'Profile / behavior', max: width },
        { heading: 'Detail', max: detailWidth },
      ],
      behaviors.flatMap((behavior, index) =>
        wrapped(detailText(behavior, now), detailWidth).map((line, lineIndex) =>
          lineIndex === 0 ? [behavior.state, names[index] ?? '', line] : ['', '', line],
        ),
      ),
    )
    lines.push('', indent(table))
  }
  return lines.join('\n')
}

function detailText({ state, detail, since, metric }: BehaviorHealth, now: number): string {
  const text = withUnits(detail, metric)
  return state === 'in-alarm' && since !== undefined ? `${ago(since, now)}: ${text}` : text
}

/** `547457 in 300 s, normal is less-than 500000000` of bytes is `547 kB in 300 s, normal is less-than 500 MB`. */
const withUnits = (detail: string, metric: string): string =>
  detail.replace(/^\d+(?:\.\d+)?(?= in |, normal is )|(?<=, normal is \S+ )\d+(?:\.\d+)?/g, (number) =>
    numberText(metric, Number(number)),
  )

/** What is normal stands at the end of a detail, and is not cut; a few lines are enough for all that the agent says. */
const DETAIL_LINES_MAX = 3

function wrapped(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    const isFull = last !== '' && last.length + 1 + word.length > width
    if (isFull && lines.length < DETAIL_LINES_MAX) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}

/** Headings of first columns are short of it, too. */
const WIDTH_MIN = 18

const widest = (texts: readonly string[], max: number): number =>
  Math.min(max, Math.max(WIDTH_MIN, ...texts.map((text) => text.length)))

function facts(health: Health, isAbsent: boolean, now: number): [label: string, value: string][] {
  const { at, uptimeSeconds, starts, residentBytes, nucleus, isConnected } = health
  return [
    ['As of', `${formatInstant(at)} UTC, ${ago(at, now)}`],
    [
      'Process',
      `up ${formatDuration(uptimeSeconds)}, ${plural(starts, 'start')}, ${formatBytes(residentBytes)} resident`,
    ],
    ['Nucleus', `${nucleus}, ${isConnected ? 'connected' : 'not connected'}${isAbsent ? ' then' : ''}`],
    ['Reports', reportsText(health)],
    ['', acceptanceText(health, now)],
    ['Outbox', outboxText(health, now)],
  ]
}

function reportsText({ reports: { handedOver, accepted, rejected } }: Health): string {
  return `${formatCount(handedOver)} handed over, ${formatCount(accepted)} accepted, ${formatCount(rejected)} rejected`
}

function acceptanceText({ reports: { lastAcceptedAt, isUnanswered } }: Health, now: number): string {
  const last =
    lastAcceptedAt === undefined ? 'none accepted yet' : `last accepted ${ago(lastAcceptedAt, now)}`
  // An account without Detect may look like that; nothing on the device is wrong.
  return isUnanswered ? `${last}; nobody answers on the reserved topic` : last
}

function outboxText({ outbox }: Health, now: number): string {
  const { entries, bytes, oldestAt, dropped, state } = outbox
  const age = oldestAt === undefined ? '' : `, the oldest ${ago(oldestAt, now)}`
  const held = entries === 0 ? 'empty' : `${formatCount(entries)} waiting, ${formatBytes(bytes)}${age}`
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0)
  const lost =
    reasons.length === 0
      ? 'nothing dropped'
      : `dropped ${reasons.map(([reason, count]) => `${formatCount(count)} (${reason})`).join(', ')}`
  return `${held}; ${lost}; ${state}`
}

/** A clock that was set may show instants of the future. */
const ago = (at: number, now: number): string =>
  at > now + 1000 ? `${formatDuration((at - now) / 1000)} ahead` : `${formatDuration((now - at) / 1000)} ago`

const indent = (text: string): string => text.replace(/^/gm, '  ')
