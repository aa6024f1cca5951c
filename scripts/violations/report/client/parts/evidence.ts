/** What a violation's events tell: the values of its transitions, and what the device kept as evidence. */
import type {
  Evidence,
  ListEvidence,
  ProcessEvidence,
  WindowEvidence,
} from '../../../../../src/detect/violation.ts'
import { formatDuration, numberText, plural } from '../../../../render/numbers.ts'
import type { Violation, ViolationRecord } from '../../../model.ts'
import { valueText } from '../../../words.ts'
import type { Element } from '../../wire.ts'
import { type Child, h, name } from '../dom.ts'
import { plainTable, tableDetails } from './table.ts'
import { card, relativeText, time } from './words.ts'

const EVENTS = {
  'in-alarm': { sign: '▲', text: 'In alarm', className: 'in-alarm' },
  'alarm-cleared': { sign: '✓', text: 'Cleared', className: 'cleared' },
  'alarm-invalidated': { sign: '–', text: 'Invalidated', className: 'invalidated' },
} as const

const REASONS = {
  'silent-for-two-days': 'the metric was silent for two days',
  'behavior-removed': 'the behavior was removed from the profile',
  'behavior-changed': 'the behavior was changed',
} as const

/** From state to state, with the value that made the change. */
export const transitions = (violation: Violation): HTMLElement =>
  h(
    'ol',
    { class: 'transitions' },
    violation.records.map((record) => {
      const { sign, text, className } = EVENTS[record.type]
      return h(
        'li',
        { class: className },
        h('span', { class: 'transition-name' }, h('span', { 'aria-hidden': 'true' }, `${sign} `), text),
        h('span', { class: 'transition-value' }, name(transitionValue(violation, record))),
        h(
          'span',
          { class: 'muted' },
          time(record.at),
          ' UTC',
          record.at === violation.startedAt ? '' : `, ${relativeText(record.at, violation.startedAt)}`,
        ),
      )
    }),
  )

function transitionValue({ behavior }: Violation, { metricValue, evidence }: ViolationRecord): string {
  if (evidence?.kind === 'invalidation') return REASONS[evidence.reason] ?? evidence.reason
  return metricValue === undefined ? 'no value' : valueText(behavior.metric, metricValue)
}

/** Of the event that raised it; nothing where no evidence is known, as from Detect. */
export function evidenceCard({ records, behavior }: Violation): HTMLElement | undefined {
  const evidence = records.map((record) => record.evidence).find((each) => each !== undefined)
  const content = evidence === undefined ? undefined : evidenceContent(evidence, behavior.metric)
  return content === undefined ? undefined : card('Evidence', h('div', { class: 'evidence' }, content))
}

function evidenceContent(evidence: Evidence, metric: string): Child {
  if (evidence.kind === 'window') return windowContent(evidence, metric)
  if (evidence.kind === 'list') return listContent(evidence)
  return undefined
}

function windowContent(evidence: WindowEvidence, metric: string): Child {
  const {
    value,
    threshold,
    statistic,
    populationCount,
    durationSeconds,
    coveredSeconds,
    intervals,
    intervalsTotal,
  } = evidence
  const of =
    statistic === undefined
      ? ''
      : `, the ${statistic} of ${plural(populationCount ?? 0, 'value')} of this thing`
  const window =
    durationSeconds === undefined
      ? ''
      : `, in ${formatDuration(coveredSeconds)} measured of ${formatDuration(durationSeconds)}`
  return [
    h(
      'p',
      {},
      h('strong', {}, numberText(metric, value)),
      window,
      ' against ',
      h('strong', {}, numberText(metric, threshold)),
      of,
      '.',
    ),
    earlyNote(evidence),
    intervals.length === 0
      ? undefined
      : plainTable(
          'The intervals of the window',
          [
            { heading: 'Interval ended (UTC)', isHead: true, cell: ({ endedAt }) => time(endedAt) },
            { heading: 'Value', isNumber: true, cell: (each) => numberText(metric, each.value) },
          ],
          intervals,
        ),
    intervalsTotal > intervals.length
      ? h('p', { class: 'muted' }, `And ${intervalsTotal - intervals.length} older intervals.`)
      : undefined,
  ]
}

function listContent(evidence: ListEvidence): Child {
  const { firstSeen, offendersTotal, observed, observedTotal, processes = [] } = evidence
  const processesOf = (element: Element) => processes.filter((each) => each.element === element)
  return [
    plainTable(
      'What was not normal',
      [
        { heading: 'Not normal', isHead: true, cell: ({ element }) => name(element, 'mono') },
        { heading: 'First seen (UTC)', cell: ({ at }) => time(at) },
        ...(processes.length === 0
          ? []
          : [
              {
                heading: 'Process',
                cell: ({ element }: { element: Element }) => processesOf(element).map(processText),
              },
            ]),
      ],
      firstSeen,
    ),
    offendersTotal > firstSeen.length
      ? h('p', { class: 'muted' }, `And ${offendersTotal - firstSeen.length} more.`)
      : undefined,
    earlyNote(evidence),
    h(
      'p',
      { class: 'muted' },
      'First seen is when the device saw it; the charts have it from the end of that interval, when it was reported.',
    ),
    tableDetails(
      `All that was there then: ${plural(observedTotal, 'element')}`,
      'All that was there then',
      [
        {
          heading:
            observedTotal > observed.length ? `The first ${observed.length} of ${observedTotal}` : 'Element',
          isHead: true,
          cell: (element: Element) => name(element, 'mono'),
          sortKey: (element) => element,
        },
      ],
      () => observed,
    ),
  ]
}

const processText = (process: ProcessEvidence): HTMLElement =>
  'unknown' in process
    ? h('div', { class: 'muted' }, `not known: ${process.unknown}`)
    : h(
        'div',
        {},
        name(process.executable, 'mono'),
        ` pid ${process.pid}`,
        process.containerId === undefined
          ? ''
          : [', container ', name(process.containerId.slice(0, 12), 'mono')],
      )

const earlyNote = ({ early }: { readonly early: boolean }): HTMLElement | undefined =>
  early
    ? h(
        'p',
        { class: 'muted' },
        'Told before its interval ended: nothing that came later could have undone it.',
      )
    : undefined
