/** A backtest for a terminal: a line for each behavior with its days as a chart of eight heights, then what differs. */
import { formatCount, formatDuration, formatInstant, plural } from '../../render/numbers.ts'
import { cut, printable, type TerminalStyle } from '../../render/terminal.ts'
import type { Episode } from './episodes.ts'
import type { BacktestResult, BehaviorResult, VersionResult } from './result.ts'
import type { DeviceDifference } from './tally.ts'

/** Differences printed; `--output json` has more. */
const DIFFERENCES_SHOWN_MAX = 20

export function backtestText(result: BacktestResult, style: TerminalStyle): string {
  const lines = [...headLines(result), '']
  for (const behavior of result.behaviors) lines.push(...behaviorLines(behavior, result, style))
  if (result.compared) lines.push('', ...differenceLines(result, style))
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

function headLines({ devices, records, datapoints, outOfOrder, from, to, days }: BacktestResult): string[] {
  if (from === undefined || to === undefined) return ['no datapoints']
  const late = outOfOrder === 0 ? [] : [`${plural(outOfOrder, 'record')} out of order, passed over`]
  return [
    `${plural(devices, 'device')}, ${plural(records, 'report')}, ${plural(datapoints, 'datapoint')}`,
    `${formatInstant(from)} to ${formatInstant(to)} UTC, ${plural(days.length, 'day')}`,
    ...late,
  ]
}

function behaviorLines(
  behavior: BehaviorResult,
  { compared }: BacktestResult,
  style: TerminalStyle,
): string[] {
  const title = printable(`${behavior.securityProfileName} / ${behavior.behavior}`)
  const head = `${style.colors.bold(cut(title, style.width))}`
  if (behavior.notJudged !== undefined) return [head, `  not judged on the device: ${behavior.notJudged}`]
  const width = style.width
  if (!compared) return [head, ...versionLines('', behavior.now, width)]
  const { appears, vanishes, moves, same } = behavior
  const changes = `  ${appears} appear, ${vanishes} vanish, ${moves} move, ${same} stay`
  const lines = [
    ...versionLines('before  ', behavior.before, width),
    ...versionLines('now     ', behavior.now, width),
  ]
  return [head, ...lines, changes]
}

function versionLines(label: string, version: VersionResult | undefined, width: number): string[] {
  if (version === undefined) return [`  ${label}not in this version`]
  const { alarms, devices, alarmSeconds, verdicts, perDay } = version
  const { conforming, violating, none } = verdicts
  if (conforming + violating + none === 0) return [`  ${label}no datapoint of its metric`]
  const chart = sparkline(perDay, Math.max(10, width - 2 - label.length))
  const time =
    alarms === 0 ? '' : ` on ${plural(devices, 'device')}, in alarm for ${formatDuration(alarmSeconds)}`
  const judged = `; ${formatCount(violating)} of ${formatCount(conforming + violating)} datapoints violate`
  const learning = none === 0 ? '' : `, ${formatCount(none)} without a verdict`
  return [
    `  ${label}${plural(alarms, 'alarm')}${time}${judged}${learning}`,
    `  ${' '.repeat(label.length)}${chart}`,
  ]
}

const heights = '▁▂▃▄▅▆▇█'

/** One character a day, a dot where nothing was; more days than characters are joined. */
export function sparkline(perDay: readonly number[], width: number): string {
  const perCharacter = Math.max(1, Math.ceil(perDay.length / width))
  const sums: number[] = []
  for (let index = 0; index < perDay.length; index += perCharacter) {
    sums.push(perDay.slice(index, index + perCharacter).reduce((sum, each) => sum + each, 0))
  }
  const most = Math.max(...sums, 1)
  return sums
    .map((sum) =>
      sum === 0 ? '·' : heights[Math.min(heights.length - 1, Math.floor((sum / most) * heights.length))],
    )
    .join('')
}

function differenceLines({ differences, behaviors }: BacktestResult, style: TerminalStyle): string[] {
  const total = behaviors.reduce((sum, { appears, vanishes, moves }) => sum + appears + vanishes + moves, 0)
  if (total === 0) return ['no alarm appears, vanishes or moves']
  const shown = differences.slice(0, DIFFERENCES_SHOWN_MAX)
  const rest = total - shown.length
  return [
    ...shown.map((difference) => differenceLine(difference, style)),
    ...(rest > 0 ? [`and ${formatCount(rest)} more; --output json and html show more of them`] : []),
  ]
}

function differenceLine(
  { device, behavior, difference }: DeviceDifference,
  { colors, width }: TerminalStyle,
): string {
  const what = `${device} ${behavior}`
  const line = (text: string) => cut(printable(text), width)
  switch (difference.kind) {
    case 'appears':
      return colors.red(line(`+ ${episodeText(difference.now)}  ${what}`))
    case 'vanishes':
      return colors.green(line(`- ${episodeText(difference.before)}  ${what}`))
    case 'moves':
      return colors.yellow(
        line(`~ ${episodeText(difference.now)}  ${what}, before ${episodeText(difference.before)}`),
      )
  }
}

export function episodeText({ from, to, value }: Episode): string {
  const lasting = to === undefined ? 'lasting' : `for ${formatDuration((to - from) / 1000)}`
  return `${formatInstant(from)} ${lasting}${value === undefined ? '' : ` (${value})`}`
}
