/**
 * A fleet that does not exist, the same each time: for the pictures of the documentation and for the tests. Its one long story
 * is that of AWS's tutorial on Device Defender Detect: packets out leave their usual range, and an address was not there before.
 */

import type { MetricPoint, Violation, ViolationRecord } from '../../../scripts/violations/model.ts'
import type { ReportContent } from '../../../scripts/violations/report/encode.ts'
import { contentOf } from '../../../scripts/violations/words.ts'
import type { Behavior } from '../../../src/detect/security-profile.ts'
import type { Evidence } from '../../../src/detect/violation.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const INTERVAL_MS = 5 * MINUTE_MS

export const EXAMPLE_NOW = Date.UTC(2026, 10, 24, 12, 0, 0)
/** When packets out of `gateway-07` first were above their threshold, and when they last were. */
export const TUTORIAL = {
  id: '37e1865159c1f2a0b7d3e8c45f60912a',
  thingName: 'gateway-07',
  startedAt: Date.UTC(2026, 10, 24, 8, 35, 0),
  endedAt: Date.UTC(2026, 10, 24, 9, 20, 0),
  address: '203.0.113.66',
  threshold: 12_000,
} as const

const behaviors = {
  packetsOut: {
    name: 'PacketsOutCeiling',
    metric: 'aws:all-packets-out',
    criteria: {
      comparisonOperator: 'less-than-equals',
      value: { count: TUTORIAL.threshold },
      durationSeconds: 300,
      consecutiveDatapointsToAlarm: 1,
      consecutiveDatapointsToClear: 2,
    },
  },
  destinations: {
    name: 'DestinationOutsideRanges',
    metric: 'aws:destination-ip-addresses',
    criteria: { comparisonOperator: 'in-cidr-set', value: { cidrs: ['10.0.0.0/8', '52.94.0.0/16'] } },
  },
  tcpPorts: {
    name: 'ListeningTcpPorts',
    metric: 'aws:listening-tcp-ports',
    criteria: { comparisonOperator: 'in-port-set', value: { ports: [22, 443, 8883] } },
  },
  bytesOut: {
    name: 'SlowBytesOut',
    metric: 'aws:all-bytes-out',
    criteria: { comparisonOperator: 'less-than-equals', value: { count: 60_000_000 }, durationSeconds: 3600 },
  },
  connections: {
    name: 'ManyConnections',
    metric: 'aws:num-established-tcp-connections',
    criteria: { comparisonOperator: 'less-than-equals', value: { count: 40 }, durationSeconds: 300 },
  },
} as const satisfies Record<string, Behavior>

type BehaviorKey = keyof typeof behaviors

export interface ExampleSize {
  readonly thingCount: number
  readonly violationCount: number
  /** Of each metric of each thing. */
  readonly datapointCount: number
}

/** @param size of the fleet around the story */
export function exampleReport(size: ExampleSize): ReportContent {
  const random = sequence(20_261_124)
  const things = Array.from(
    { length: size.thingCount },
    (_, index) => `gateway-${String(index + 1).padStart(2, '0')}`,
  )
  const violations = [...story(), ...others(things, size.violationCount, random)]
  const series = new Map(
    things.map((thingName) => [thingName, metricsOf(thingName, size.datapointCount, random)]),
  )
  return {
    title: 'Violations of the gateways',
    source: 'dumps/',
    generatedAt: EXAMPLE_NOW,
    violations: violations.sort((a, b) => b.startedAt - a.startedAt),
    series,
    profileTexts: new Map([
      [
        'gateway-baseline',
        JSON.stringify(
          { securityProfileName: 'gateway-baseline', behaviors: Object.values(behaviors) },
          null,
          2,
        ),
      ],
    ]),
  }
}

/** Violations of the tutorial's thing, each with its evidence. */
function story(): Violation[] {
  const { id, thingName, startedAt, endedAt, address, threshold } = TUTORIAL
  const base = { origin: 'device', thingName, securityProfileName: 'gateway-baseline' } as const
  return [
    {
      ...base,
      id,
      behavior: behaviors.packetsOut,
      startedAt,
      endedAt,
      state: 'cleared',
      records: [
        {
          at: startedAt,
          type: 'in-alarm',
          metricValue: { count: packetsOutAt(startedAt) },
          evidence: {
            kind: 'window',
            early: false,
            value: packetsOutAt(startedAt),
            threshold,
            durationSeconds: 300,
            coveredSeconds: 300,
            intervals: [{ endedAt: startedAt, value: packetsOutAt(startedAt) }],
            intervalsTotal: 1,
          },
        },
        { at: endedAt, type: 'alarm-cleared', metricValue: { count: packetsOutAt(endedAt) } },
      ],
    },
    {
      ...base,
      id: 'c0ffee5159c1f2a0b7d3e8c45f609133',
      behavior: behaviors.destinations,
      startedAt,
      endedAt: endedAt + INTERVAL_MS,
      state: 'cleared',
      verification: { state: 'TRUE_POSITIVE', note: 'not one of ours, ticket 81' },
      records: [
        {
          at: startedAt,
          type: 'in-alarm',
          metricValue: { cidrs: [address] },
          evidence: {
            kind: 'list',
            early: true,
            observed: ['10.0.0.7', '52.94.236.248', address],
            observedTotal: 3,
            offendersTotal: 1,
            firstSeen: [{ element: address, at: startedAt - 2 * MINUTE_MS }],
            processes: [{ element: address, pid: 4127, executable: '/tmp/.x/updater' }],
          },
        },
        { at: endedAt + INTERVAL_MS, type: 'alarm-cleared', metricValue: { cidrs: [] } },
      ],
    },
    {
      ...base,
      id: '8badf00d59c1f2a0b7d3e8c45f609177',
      behavior: behaviors.tcpPorts,
      startedAt: startedAt - 10 * MINUTE_MS,
      state: 'in-alarm',
      records: [
        {
          at: startedAt - 10 * MINUTE_MS,
          type: 'in-alarm',
          metricValue: { ports: [4444] },
          evidence: {
            kind: 'list',
            early: true,
            observed: [22, 4444, 8883],
            observedTotal: 3,
            offendersTotal: 1,
            firstSeen: [{ element: 4444, at: startedAt - 11 * MINUTE_MS }],
            processes: [{ element: 4444, pid: 4119, executable: '/usr/bin/nc.traditional' }],
          },
        },
      ],
    },
  ]
}

const KEYS = Object.keys(behaviors) as BehaviorKey[]

/** More on some behaviors, some things and in the hours of work, as it is. */
function others(things: readonly string[], count: number, random: () => number): Violation[] {
  return Array.from({ length: count }, (_, index) => {
    const key = KEYS[Math.floor(random() ** 1.6 * KEYS.length)] as BehaviorKey
    const thingName = things[Math.floor(random() ** 2 * things.length)] as string
    const day = Math.floor(random() ** 1.3 * 14)
    const hour = 6 + Math.floor(random() * 14)
    const startedAt =
      Date.UTC(2026, 10, 24, hour - 12) - day * DAY_MS + Math.floor(random() * 12) * INTERVAL_MS
    const lasts = Math.ceil(random() ** 2 * 30) * INTERVAL_MS
    const isOpen = startedAt + lasts >= EXAMPLE_NOW || random() < 0.02
    const isInvalidated = !isOpen && random() < 0.04
    const metricValue = exampleValue(key, random)
    const alarm: ViolationRecord = {
      at: startedAt,
      type: 'in-alarm',
      metricValue,
      evidence: evidenceOf(key, metricValue, startedAt),
    }
    const end: ViolationRecord[] = isOpen
      ? []
      : isInvalidated
        ? [
            {
              at: startedAt + lasts,
              type: 'alarm-invalidated',
              evidence: { kind: 'invalidation', reason: 'behavior-changed', since: startedAt + lasts },
            },
          ]
        : [{ at: startedAt + lasts, type: 'alarm-cleared' }]
    return {
      id: hexId(index, random),
      origin: 'device',
      thingName,
      securityProfileName: key === 'connections' ? 'baseline-connections' : 'gateway-baseline',
      behavior: behaviors[key],
      startedAt,
      ...(isOpen ? {} : { endedAt: startedAt + lasts }),
      state: isOpen ? 'in-alarm' : isInvalidated ? 'invalidated' : 'cleared',
      records: [alarm, ...end],
    }
  })
}

function evidenceOf(key: BehaviorKey, value: MetricPoint['value'], at: number): Evidence {
  const content = contentOf(value)
  if (typeof content === 'number') {
    const { criteria } = behaviors[key]
    const threshold = 'count' in criteria.value ? criteria.value.count : 0
    const intervals = [{ endedAt: at, value: content }]
    return {
      kind: 'window',
      early: false,
      value: content,
      threshold,
      coveredSeconds: 300,
      intervals,
      intervalsTotal: 1,
    }
  }
  return {
    kind: 'list',
    early: true,
    observed: content,
    observedTotal: content.length,
    offendersTotal: content.length,
    firstSeen: content.map((element) => ({ element, at: at - MINUTE_MS })),
  }
}

function exampleValue(key: BehaviorKey, random: () => number): MetricPoint['value'] {
  switch (key) {
    case 'destinations':
      return { cidrs: [`198.51.100.${Math.floor(random() * 250) + 1}`] }
    case 'tcpPorts':
      return { ports: [[23, 2323, 4444, 5555][Math.floor(random() * 4)] as number] }
    case 'connections':
      return { count: 41 + Math.floor(random() * 90) }
    case 'bytesOut':
      return { count: 60_000_000 + Math.floor(random() * 3e8) }
    default:
      return { count: TUTORIAL.threshold + Math.floor(random() * 60_000) }
  }
}

function metricsOf(
  thingName: string,
  count: number,
  random: () => number,
): ReadonlyMap<string, readonly MetricPoint[]> {
  const first = EXAMPLE_NOW - (count - 1) * INTERVAL_MS
  const times = Array.from({ length: count }, (_, index) => first + index * INTERVAL_MS)
  const isStory = thingName === TUTORIAL.thingName
  const packets = times.map((at) => (isStory ? packetsOutAt(at) : usual(at, 4000, random)))
  const numbers = (values: readonly number[]) =>
    times.map((at, index) => ({ at, value: { count: values[index] as number } }))
  return new Map<string, readonly MetricPoint[]>([
    ['aws:all-packets-out', numbers(packets)],
    ['aws:all-bytes-out', numbers(packets.map((value) => value * 640))],
    ['aws:num-established-tcp-connections', numbers(times.map((at) => usual(at, 12, random)))],
    ['aws:destination-ip-addresses', times.map((at) => ({ at, value: { cidrs: addressesAt(at, isStory) } }))],
    ['aws:listening-tcp-ports', times.map((at) => ({ at, value: { ports: portsAt(at, isStory) } }))],
  ])
}

/** A day's wave, and what is by chance. */
function usual(at: number, level: number, random: () => number): number {
  const wave = 1 + 0.45 * Math.sin(((at % DAY_MS) / DAY_MS - 0.3) * 2 * Math.PI)
  return Math.round(level * wave * (0.8 + 0.4 * random()))
}

/** The tutorial's metric, without chance, so that its transitions say what the chart shows. */
function packetsOutAt(at: number): number {
  const { startedAt, endedAt } = TUTORIAL
  const ripple = ((at / INTERVAL_MS) * 7919) % 1000
  const quiet = 3600 + Math.round(900 * Math.sin((at / HOUR_MS) * 1.1)) + Math.round(ripple * 0.6)
  if (at < startedAt || at > endedAt - 2 * INTERVAL_MS) return quiet
  return 31_000 + Math.round(ripple * 9)
}

function addressesAt(at: number, isStory: boolean): string[] {
  const place = Math.floor(at / INTERVAL_MS)
  return [
    '10.0.0.7',
    '52.94.236.248',
    ...(place % 12 < 3 ? ['10.0.12.20'] : []),
    ...(place % 288 > 150 && place % 288 < 190 ? ['52.94.133.131'] : []),
    ...(isStory && at >= TUTORIAL.startedAt && at <= TUTORIAL.endedAt ? [TUTORIAL.address] : []),
  ]
}

const portsAt = (at: number, isStory: boolean): number[] => [
  22,
  8883,
  ...(isStory && at >= TUTORIAL.startedAt - 10 * MINUTE_MS ? [4444] : []),
]

const hexId = (index: number, random: () => number): string =>
  Array.from({ length: 24 }, () => Math.floor(random() * 16).toString(16)).join('') +
  index.toString(16).padStart(8, '0')

/** Numbers from 0 to 1 that look like chance and are the same each time (Numerical Recipes, "Quick and Dirty Generators"). */
function sequence(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
