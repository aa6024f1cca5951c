/**
 * A violation event as people look at it: which behavior, what offends or how much of what, which process.
 * Its shape is that of `detect/violation.ts`: the message that Device Defender sends to an SNS topic, with evidence.
 *
 * The message comes over publish/subscribe, where anybody may publish: what is malformed is left out, and without an id,
 * a type and a behavior it is no violation.
 */
import { compact, isRecord, listOf, member, numberOf, stringOf } from './members.ts'

export interface ViolationView {
  readonly kind: 'violation'
  readonly type: ViolationType
  /** The same in all events of one violation. */
  readonly violationId: string
  /** When the device found it, epoch milliseconds by its own clock. */
  readonly foundAt: number
  readonly securityProfile: string
  readonly behavior: string
  readonly metric: string
  readonly normal: NormalView
  /** Of a list: what offends, the first ones, and how many there are. */
  readonly offenders?: { readonly elements: readonly string[]; readonly total: number }
  /** Of anything else: the value judged. */
  readonly value?: number
  readonly evidence: EvidenceView
}

export type ViolationType = (typeof violationTypes)[number]
const violationTypes = ['in-alarm', 'alarm-cleared', 'alarm-invalidated'] as const

/** What the criteria call normal. */
export interface NormalView {
  readonly operator?: string
  /** Of a list: the first elements of the set, and how many there are. */
  readonly elements?: readonly string[]
  readonly elementsTotal?: number
  /** Of anything else: what the value was compared with, and the percentile that this was. */
  readonly threshold?: number
  readonly statistic?: string
  readonly durationSeconds?: number
}

interface EvidenceView {
  /** The verdict came before its interval ended, because nothing later could undo it. */
  readonly isEarly: boolean
  readonly firstSeen: readonly { readonly element: string; readonly at: number }[]
  /** The whole list, or its beginning. */
  readonly observed: readonly string[]
  readonly observedTotal?: number
  readonly coveredSeconds?: number
  /** Oldest first. */
  readonly intervals: readonly { readonly endedAt: number; readonly value: number }[]
  readonly reason?: string
  readonly processes: readonly ProcessView[]
}

interface ProcessView {
  /** Whose it is: a port or an address. */
  readonly element?: string
  readonly pid?: number
  readonly executable?: string
  readonly containerId?: string
  /** Why nothing else is known. */
  readonly unknown?: string
}

/** Shown of a list; the event itself has more, and stands beside it. */
const ELEMENTS_MAX = 100

export function viewViolation(payload: unknown): ViolationView | undefined {
  const type = violationTypes.find((each) => each === member(payload, 'violationEventType'))
  const violationId = stringOf(member(payload, 'violationId'))
  const foundAt = numberOf(member(payload, 'violationEventTime'))
  const behavior = member(payload, 'behavior')
  const name = stringOf(member(behavior, 'name'))
  if (type === undefined || violationId === undefined || foundAt === undefined || name === undefined) return
  const evidence = member(payload, 'evidence')
  return compact({
    kind: 'violation',
    type,
    violationId,
    foundAt,
    securityProfile: stringOf(member(payload, 'securityProfileName')) ?? '',
    behavior: name,
    metric: stringOf(member(behavior, 'metric')) ?? '',
    normal: viewNormal(member(behavior, 'criteria'), evidence),
    offenders: viewOffenders(member(payload, 'metricValue'), evidence),
    value: scalarOf(member(payload, 'metricValue')),
    evidence: viewEvidence(evidence),
  })
}

function viewNormal(criteria: unknown, evidence: unknown): NormalView {
  const value = member(criteria, 'value')
  const elements = elementsOf(value)
  return compact({
    operator: stringOf(member(criteria, 'comparisonOperator')),
    elements: elements?.slice(0, ELEMENTS_MAX),
    elementsTotal: elements?.length,
    threshold: numberOf(member(evidence, 'threshold')) ?? scalarOf(value),
    statistic: stringOf(member(member(criteria, 'statisticalThreshold'), 'statistic')),
    durationSeconds: numberOf(member(criteria, 'durationSeconds')),
  })
}

function viewOffenders(value: unknown, evidence: unknown): ViolationView['offenders'] {
  const elements = elementsOf(value)
  if (elements === undefined) return undefined
  const total = numberOf(member(evidence, 'offendersTotal')) ?? elements.length
  return { elements: elements.slice(0, ELEMENTS_MAX), total: Math.max(total, elements.length) }
}

function viewEvidence(evidence: unknown): EvidenceView {
  return compact({
    isEarly: member(evidence, 'early') === true,
    firstSeen: listOf(member(evidence, 'firstSeen')).flatMap((each) => {
      const element = textOf(member(each, 'element'))
      const at = numberOf(member(each, 'at'))
      return element === undefined || at === undefined ? [] : [{ element, at }]
    }),
    observed: textsOf(member(evidence, 'observed')).slice(0, ELEMENTS_MAX),
    observedTotal: numberOf(member(evidence, 'observedTotal')),
    coveredSeconds: numberOf(member(evidence, 'coveredSeconds')),
    intervals: listOf(member(evidence, 'intervals')).flatMap((each) => {
      const endedAt = numberOf(member(each, 'endedAt'))
      const value = numberOf(member(each, 'value'))
      return endedAt === undefined || value === undefined ? [] : [{ endedAt, value }]
    }),
    reason: stringOf(member(evidence, 'reason')),
    processes: listOf(member(evidence, 'processes')).filter(isRecord).map(viewProcess),
  })
}

const viewProcess = (each: unknown): ProcessView =>
  compact({
    element: textOf(member(each, 'element')),
    pid: numberOf(member(each, 'pid')),
    executable: stringOf(member(each, 'executable')),
    containerId: stringOf(member(each, 'containerId')),
    unknown: stringOf(member(each, 'unknown')),
  })

/** MetricValue has exactly one member: a list in one of these, a number otherwise. */
function elementsOf(value: unknown): string[] | undefined {
  const list = ['ports', 'cidrs', 'numbers', 'strings'].map((name) => member(value, name)).find(Array.isArray)
  return list === undefined ? undefined : textsOf(list)
}

const scalarOf = (value: unknown): number | undefined =>
  numberOf(member(value, 'count')) ?? numberOf(member(value, 'number'))

const textsOf = (list: unknown): string[] =>
  listOf(list).flatMap((each) => {
    const text = textOf(each)
    return text === undefined ? [] : [text]
  })

const textOf = (element: unknown): string | undefined =>
  typeof element === 'number' ? String(element) : stringOf(element)
