/** What has arrived in the cloud, added up, to be compared with what a `FaultDevice` has made. */
import assert from 'node:assert/strict'
import type { MessageEvent, ReportEvent } from './agent.ts'
import type { Traffic } from './agent-tree.ts'
import { noTraffic, plus } from './fault-device.ts'

interface Report {
  readonly header: { readonly report_id: number }
  readonly metrics: {
    readonly network_stats?: Readonly<Record<'bytes_in' | 'bytes_out' | 'packets_in' | 'packets_out', number>>
  }
}

export interface Arrived {
  /** In the order in which they first arrived, each once. */
  readonly ids: readonly number[]
  readonly traffic: Traffic
  /** Reports that arrived a second time, the very same. */
  readonly repeated: number
}

/**
 * Reports by id: one that arrived twice is taken once, and has to be the same. Ids have to grow, and no figure may be
 * negative or more than all that the device could have carried.
 */
export function arrived(reports: readonly unknown[], mostBytes: number): Arrived {
  const known = new Map<number, Report>()
  let traffic = noTraffic
  let repeated = 0
  let lastId = 0
  for (const each of reports as Report[]) {
    const id = each.header.report_id
    const former = known.get(id)
    if (former !== undefined) {
      assert.deepEqual(each, former, `report ${id} is another the second time`)
      repeated += 1
      continue
    }
    assert.ok(id > lastId, `report id ${id} comes after ${lastId}`)
    lastId = id
    known.set(id, each)
    const { network_stats: stats } = each.metrics
    if (stats === undefined) continue
    for (const value of Object.values(stats)) {
      assert.ok(value >= 0 && value <= mostBytes, `report ${id} tells ${value} of at most ${mostBytes}`)
    }
    traffic = plus(traffic, {
      bytesIn: stats.bytes_in,
      packetsIn: stats.packets_in,
      bytesOut: stats.bytes_out,
      packetsOut: stats.packets_out,
    })
  }
  return { ids: [...known.keys()], traffic, repeated }
}

/** Reports that Device Defender has kept: accepted, also where it did not say so. */
export const kept = (reports: readonly ReportEvent[]): unknown[] =>
  reports.filter(({ status }) => status !== 'REJECTED').map(({ report }) => report)

export const payloadsOn = (messages: readonly MessageEvent[], topicEnd: string): unknown[] =>
  messages
    .filter(({ topic, via }) => via === 'iot-core' && topic.endsWith(topicEnd))
    .map(({ payload }) => payload)

interface Violation {
  readonly violationId: string
  readonly violationEventType: string
  readonly metricValue?: { readonly ports?: readonly number[] }
}

/** `in-alarm 20001`, `alarm-cleared`, ... as they first arrived; what arrived again has to be the same message. */
export function violations(messages: readonly MessageEvent[]): {
  readonly events: string[]
  readonly repeated: number
} {
  const known = new Map<string, Violation>()
  let repeated = 0
  for (const each of payloadsOn(messages, '/violations') as Violation[]) {
    const identity = `${each.violationId} ${each.violationEventType}`
    const former = known.get(identity)
    if (former === undefined) known.set(identity, each)
    else {
      assert.deepEqual(each, former, `violation ${identity} is another the second time`)
      repeated += 1
    }
  }
  const events = [...known.values()].map(({ violationEventType, metricValue }) =>
    violationEventType === 'in-alarm' ? `in-alarm ${metricValue?.ports?.join(',')}` : violationEventType,
  )
  return { events, repeated }
}
