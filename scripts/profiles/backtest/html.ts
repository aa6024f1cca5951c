/** A backtest as one HTML file that needs nothing else: no script, no font, no network. Charts are inline SVG. */
import { formatCount, formatDuration, formatInstant, plural } from '../../render/numbers.ts'
import type { BacktestResult, BehaviorResult, VersionResult } from './result.ts'
import type { DeviceDifference } from './tally.ts'
import { episodeText } from './text.ts'

export function backtestHtml(result: BacktestResult): string {
  const { from, to, devices, records, compared, problems } = result
  const range =
    from === undefined || to === undefined ? '' : `${formatInstant(from)} to ${formatInstant(to)} UTC`
  const legend = compared
    ? '<p><span class="key before"></span> before <span class="key now"></span> now</p>'
    : ''
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backtest of security profiles</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Backtest</h1>
<p>${escaped(`${plural(devices, 'device')}, ${plural(records, 'report')}${range === '' ? '' : `, ${range}`}`)}</p>
${legend}
${result.behaviors.map((behavior) => behaviorSection(behavior, result)).join('\n')}
${compared ? differencesTable(result) : ''}
${problems.length === 0 ? '' : `<h2>Problems</h2>\n<ul>${problems.map((each) => `<li>${escaped(each)}</li>`).join('')}</ul>`}
</body>
</html>
`
}

const STYLE = `
:root { color-scheme: light dark; --now: #b3261e; --before: #8a8f98; --line: #8884 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 1.8rem 0 .2rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line) }
.metric, .note { color: #777 } .key { display: inline-block; width: .8em; height: .8em }
.now { background: var(--now) } .before { background: var(--before) } rect.now { fill: var(--now) } rect.before { fill: var(--before) }
svg { width: 100%; height: auto; display: block } svg text { font: 10px system-ui, sans-serif; fill: #777 } svg line { stroke: var(--line) }
`

function behaviorSection(behavior: BehaviorResult, { days, compared }: BacktestResult): string {
  const title = `<h2>${escaped(`${behavior.securityProfileName} / ${behavior.behavior}`)} <span class="metric">${escaped(behavior.metric)}</span></h2>`
  if (behavior.notJudged !== undefined) {
    return `${title}\n<p class="note">not judged on the device: ${escaped(behavior.notJudged)}</p>`
  }
  const { appears, vanishes, moves, same } = behavior
  const lines = compared
    ? [
        `before: ${versionText(behavior.before)}`,
        `now: ${versionText(behavior.now)}`,
        `${appears} appear, ${vanishes} vanish, ${moves} move, ${same} stay`,
      ]
    : [versionText(behavior.now)]
  return `${title}\n${lines.map((line) => `<div>${escaped(line)}</div>`).join('\n')}\n${chart(behavior, days)}`
}

function versionText(version: VersionResult | undefined): string {
  if (version === undefined) return 'not in this version'
  const { alarms, devices, alarmSeconds, verdicts } = version
  if (verdicts.conforming + verdicts.violating + verdicts.none === 0) return 'no datapoint of its metric'
  if (alarms === 0) return 'no alarm'
  return `${plural(alarms, 'alarm')} on ${plural(devices, 'device')}, in alarm for ${formatDuration(alarmSeconds)}`
}

const CHART = { width: 720, height: 90, top: 12, bottom: 16 } as const

/** Bars of alarms raised, a pair a day. */
function chart({ now, before, behavior }: BehaviorResult, days: readonly string[]): string {
  const most = Math.max(1, ...(now?.perDay ?? []), ...(before?.perDay ?? []))
  if (days.length === 0 || [now, before].every((each) => each === undefined || each.alarms === 0)) return ''
  const slot = CHART.width / days.length
  const floor = CHART.height - CHART.bottom
  const bars = days.flatMap((day, index) =>
    (['before', 'now'] as const).flatMap((which, place) => {
      const count = (which === 'now' ? now : before)?.perDay[index] ?? 0
      if (count === 0) return []
      const height = Math.max(1, (count / most) * (floor - CHART.top))
      const width = before === undefined ? slot * 0.8 : slot * 0.4
      const x = index * slot + (before === undefined ? 0 : place * width) + slot * 0.1
      const box = `x="${x.toFixed(1)}" y="${(floor - height).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"`
      return [`<rect class="${which}" ${box}><title>${day}: ${formatCount(count)} ${which}</title></rect>`]
    }),
  )
  const first = `<text x="0" y="${CHART.height - 3}">${days[0]}</text>`
  const last = `<text x="${CHART.width}" y="${CHART.height - 3}" text-anchor="end">${days.at(-1)}</text>`
  const peak = `<text x="0" y="9">${formatCount(most)} a day</text>`
  const axis = `<line x1="0" y1="${floor}" x2="${CHART.width}" y2="${floor}"/>`
  const label = escaped(`Alarms of ${behavior} by day`)
  return `<svg viewBox="0 0 ${CHART.width} ${CHART.height}" role="img" aria-label="${label}">${axis}${bars.join('')}${peak}${first}${last}</svg>`
}

function differencesTable({ differences }: BacktestResult): string {
  if (differences.length === 0) return '<h2>Differences</h2>\n<p>none</p>'
  const rows = differences.map(differenceRow).join('\n')
  return `<h2>Differences</h2>\n<table>\n<tr><th></th><th>Device</th><th>Behavior</th><th>Before</th><th>Now</th></tr>\n${rows}\n</table>`
}

function differenceRow({ device, behavior, difference }: DeviceDifference): string {
  const before = difference.kind === 'appears' ? '' : episodeText(difference.before)
  const now = difference.kind === 'vanishes' ? '' : episodeText(difference.now)
  return `<tr>${[difference.kind, device, behavior, before, now].map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] as string)
