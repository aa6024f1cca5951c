/** What a violation's verdict rests on: the intervals of a window, or the elements of a list with who is behind them. */
import type { Evidence, ListEvidence, WindowEvidence } from '../../../src/detect/violation.ts'
import { formatDuration, formatInstant, numberText, plural } from '../../render/numbers.ts'
import { loadTable } from '../../render/table.ts'
import type { TerminalStyle } from '../../render/terminal.ts'
import type { Violation } from '../model.ts'
import { wrapped } from './wrap.ts'

const ELEMENTS_SHOWN = 20
const ELEMENT_HEADING = 'Not normal'
/** An address of version 6, written out. */
const ELEMENT_WIDTH_MAX = 39
const INSTANT_WIDTH = 19

export async function evidenceLines(
  violation: Violation,
  evidence: Evidence | undefined,
  style: TerminalStyle,
  width: number,
): Promise<string[]> {
  switch (evidence?.kind) {
    case 'window':
      return windowLines(violation, evidence, style)
    case 'list':
      return elementLines(evidence, style, width)
    default:
      return []
  }
}

/** What the value was made of, interval by interval. */
function windowLines(
  { behavior: { metric } }: Violation,
  evidence: WindowEvidence,
  { colors }: TerminalStyle,
): string[] {
  const { value, threshold, statistic, populationCount, durationSeconds, coveredSeconds, early } = evidence
  const from =
    statistic === undefined
      ? ''
      : `, the ${statistic} of ${plural(populationCount ?? 0, 'datapoint')} of this device`
  const window =
    durationSeconds === undefined
      ? ''
      : ` in ${formatDuration(coveredSeconds)} measured of ${formatDuration(durationSeconds)}`
  return [
    '',
    colors.bold('Evidence'),
    `  ${numberText(metric, value)}${window} against ${numberText(metric, threshold)}${from}`,
    ...(early ? ['  Told before its interval ended: nothing later could have undone it.'] : []),
    ...evidence.intervals.map(
      (each) => `  ${formatInstant(each.endedAt)}  ${numberText(metric, each.value)}`,
    ),
    ...(evidence.intervalsTotal > evidence.intervals.length
      ? [`  and ${evidence.intervalsTotal - evidence.intervals.length} older intervals`]
      : []),
  ]
}

async function elementLines(evidence: ListEvidence, style: TerminalStyle, width: number): Promise<string[]> {
  const { firstSeen, processes = [], observed, observedTotal, offendersTotal, early } = evidence
  const drawTable = await loadTable(style)
  const processText = (element: string | number) => {
    const known = processes.filter((each) => each.element === element)
    return known
      .map((each) =>
        'unknown' in each
          ? `not known: ${each.unknown}`
          : `${each.executable} (${each.pid}${each.containerId === undefined ? '' : `, container ${each.containerId.slice(0, 12)}`})`,
      )
      .join(', ')
  }
  const shown = firstSeen.slice(0, ELEMENTS_SHOWN)
  const elementWidth = Math.max(
    ELEMENT_HEADING.length,
    ...shown.map(({ element }) => Math.min(ELEMENT_WIDTH_MAX, String(element).length)),
  )
  // Two columns of space before each but the first, and before the table itself.
  const processWidth = width - elementWidth - INSTANT_WIDTH - 3 * 2
  const table = drawTable(
    [
      { heading: ELEMENT_HEADING, max: elementWidth },
      { heading: 'First seen (UTC)', max: INSTANT_WIDTH },
      ...(processes.length === 0 ? [] : [{ heading: 'Process', max: Math.max(12, processWidth) }]),
    ],
    shown.map(({ element, at }) => [
      String(element),
      formatInstant(at),
      ...(processes.length === 0 ? [] : [processText(element)]),
    ]),
  )
  const observedText = `Of ${observedTotal}: ${observed.slice(0, ELEMENTS_SHOWN).join(' ')}${observedTotal > ELEMENTS_SHOWN ? ' …' : ''}`
  return [
    '',
    style.colors.bold('Evidence'),
    ...table.split('\n').map((line) => `  ${line}`),
    ...(offendersTotal > shown.length ? [`  and ${offendersTotal - shown.length} more`] : []),
    ...wrapped(observedText, width - 2).map((line) => `  ${line}`),
    ...(early ? ['  Told before its interval ended: nothing later could have undone it.'] : []),
  ]
}
