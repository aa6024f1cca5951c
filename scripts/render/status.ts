/** The agent's state as `defender status` shows it to people. */
import type { Health } from '../../src/report/health.ts'
import { formatBytes, formatCount, formatDuration, formatInstant, plural } from './numbers.ts'
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

/** @param problems why the agent is not healthy; none if it is */
export function renderStatus(
  health: Health,
  problems: readonly string[],
  now: number,
  style: TerminalStyle,
  drawTable: DrawTable,
): string {
  const { colors } = style
  const verdict = problems.length === 0 ? colors.green('healthy') : colors.red('NOT HEALTHY')
  const { agentVersion, thingName, parts, behaviors } = health
  const lines = [
    `${colors.bold(`greengrass-defender ${printable(agentVersion)}`)}  ${printable(thingName)}  ${verdict}`,
    ...problems.map((problem) => colors.red(`  ${printable(problem)}`)),
    ...facts(health, now).map(([label, value]) => `  ${label.padEnd(LABEL)}${printable(value)}`),
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
    const table = drawTable(
      [
        { heading: 'State', max: STATE_WIDTH },
        { heading: 'Profile / behavior', max: width },
        { heading: 'Detail', max: rest - STATE_WIDTH - width - 2 * GAP },
      ],
      behaviors.map(({ state, detail, since }, index) => [
        state,
        names[index] ?? '',
        state === 'in-alarm' && since !== undefined ? `${ago(since, now)}: ${detail}` : detail,
      ]),
    )
    lines.push('', indent(table))
  }
  return lines.join('\n')
}

/** Headings of first columns are short of it, too. */
const WIDTH_MIN = 18

const widest = (texts: readonly string[], max: number): number =>
  Math.min(max, Math.max(WIDTH_MIN, ...texts.map((text) => text.length)))

function facts(health: Health, now: number): [label: string, value: string][] {
  const { at, uptimeSeconds, starts, residentBytes, nucleus, isConnected } = health
  return [
    ['As of', `${formatInstant(at)} UTC, ${ago(at, now)}`],
    [
      'Process',
      `up ${formatDuration(uptimeSeconds)}, ${plural(starts, 'start')}, ${formatBytes(residentBytes)} resident`,
    ],
    ['Nucleus', `${nucleus}, ${isConnected ? 'connected' : 'not connected'}`],
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
