import { decode, encode } from 'cborg'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  DefenderStandIn,
  parseReservedTopic,
  type ReplyBehavior,
} from '../../src/local-core/defender-stand-in.ts'
import type { LocalCoreEvent } from '../../src/local-core/events.ts'
import { checkReport } from '../../src/report/check.ts'

afterEach(() => void vi.useRealTimers())

type ReportEvent = Extract<LocalCoreEvent, { event: 'report' }>

/** A stand-in with a manual clock; each report's replies are handed over a millisecond later. */
function standIn({
  minReportIntervalSeconds = 0,
  behavior = 'answer' as ReplyBehavior,
  thing = 'core-1',
} = {}) {
  vi.useFakeTimers({ now: 1_000_000 })
  const events: ReportEvent[] = []
  const sent: { topic: string; payload: Uint8Array }[] = []
  const service = new DefenderStandIn({
    checkReport,
    minReportIntervalSeconds,
    publish: (topic, payload) => sent.push({ topic, payload }),
    now: Date.now,
    onEvent: (event) => events.push(event as ReportEvent),
  })
  service.behavior = behavior
  const take = (payload: Uint8Array | string, format = 'json') => {
    const reserved = parseReservedTopic(`$aws/things/${thing}/defender/metrics/${format}`)
    if (reserved === undefined) throw new Error('not a report topic')
    service.take(reserved, Buffer.from(payload))
    vi.advanceTimersByTime(1)
    return { event: events.at(-1), replies: sent.splice(0) }
  }
  return { service, take, sent }
}

const long = (id: unknown) => ({
  header: { report_id: id, version: '1.0' },
  metrics: { listening_tcp_ports: { total: 1, ports: [{ port: 22, interface: 'eth0' }] } },
})
const short = (id: unknown) => ({ hed: { rid: id, v: '1.0' }, met: { ns: { bi: 1, bo: 2, pi: 3, po: 4 } } })
const text = (report: unknown) => JSON.stringify(report)
const json = (payload: Uint8Array | undefined) => JSON.parse(Buffer.from(payload ?? []).toString())

describe('topics', () => {
  test.each([
    { topic: '$aws/things/core-1/defender/metrics/json', format: 'json' },
    { topic: '$aws/things/core-1/defender/metrics/cbor', format: 'cbor' },
    { topic: '$aws/things/core-1/defender/metrics/json/accepted', format: undefined },
    { topic: '$aws/things/core-1/defender/metrics/xml', format: undefined },
    { topic: '$aws/things/a/b/defender/metrics/json', format: undefined },
    { topic: 'aws/things/core-1/defender/metrics/json', format: undefined },
  ])('$topic', ({ topic, format }) => {
    expect(parseReservedTopic(topic)?.format).toBe(format)
  })
})

describe('rejected', () => {
  test.each([
    { name: 'no JSON', payload: '{', reportId: undefined, remark: 'not JSON' },
    {
      name: 'bytes that are no UTF-8',
      payload: Uint8Array.of(0xff),
      reportId: undefined,
      remark: 'not JSON',
    },
    { name: 'not an object', payload: '7', reportId: undefined, remark: ':' },
    {
      name: 'no metrics',
      payload: text({ header: { report_id: 5, version: '1.0' } }),
      reportId: 5,
      remark: 'metrics',
    },
    {
      name: 'a negative counter',
      payload: text({ ...short(5), met: { ns: { bi: -1 } } }),
      reportId: 5,
      remark: 'bi',
    },
    {
      name: 'a report id that is a text',
      payload: text(long('5')),
      reportId: undefined,
      remark: 'report_id',
    },
  ])('$name', ({ payload, reportId, remark }) => {
    const { take } = standIn()
    const { event, replies } = take(payload)
    expect(event).toMatchObject({ status: 'REJECTED', bytes: payload.length, format: 'json' })
    expect(event?.reportId).toBe(reportId)
    expect(event?.remarks?.join()).toContain(remark)
    expect(replies.map(({ topic }) => topic)).toEqual(['$aws/things/core-1/defender/metrics/json/rejected'])
    expect(json(replies[0]?.payload)).toEqual({
      thingName: 'core-1',
      ...(reportId !== undefined && { reportId }),
      status: 'REJECTED',
      statusDetails: { ErrorCode: 'InvalidPayload', ErrorMessage: 'Malformed metrics report' },
      timestamp: 1_000_000,
    })
  })

  test.each([
    { name: 'a thing name of 129 bytes', thing: `${'é'.repeat(64)}x` },
    { name: 'a control character in it', thing: 'a\u0001b' },
  ])('$name', ({ thing }) => {
    expect(standIn({ thing }).take(text(long(1))).event?.status).toBe('REJECTED')
  })

  test('CBOR that is none', () => {
    expect(standIn().take(Uint8Array.of(0xff), 'cbor').event).toMatchObject({
      status: 'REJECTED',
      report: null,
    })
  })
})

describe('accepted', () => {
  test.each([
    { name: 'long', report: long(1_700_000_000_123) },
    { name: 'short', report: short(1_700_000_000_123) },
  ])('JSON, $name names', ({ report }) => {
    const { event, replies } = standIn().take(text(report))
    expect(event).toMatchObject({ status: 'ACCEPTED', reportId: 1_700_000_000_123, report })
    expect(event?.remarks).toBeUndefined()
    expect(replies.map(({ topic }) => topic)).toEqual(['$aws/things/core-1/defender/metrics/json/accepted'])
    expect(json(replies[0]?.payload)).toEqual({
      thingName: 'core-1',
      reportId: 1_700_000_000_123,
      status: 'ACCEPTED',
      timestamp: 1_000_000,
    })
  })

  test('CBOR, answered in CBOR with integers, as another decoder reads it', () => {
    const { event, replies } = standIn().take(encode(short(1_700_000_000_123)), 'cbor')
    expect(event).toMatchObject({ status: 'ACCEPTED', format: 'cbor', report: short(1_700_000_000_123) })
    const payload = replies[0]?.payload ?? new Uint8Array()
    expect(decode(payload)).toMatchObject({ reportId: 1_700_000_000_123, status: 'ACCEPTED' })
    // 0x1b: an unsigned integer of eight bytes; a float would be 0xfb.
    expect(Buffer.from(payload).includes(Buffer.of(0x1b, 0, 0, 0x01, 0x8b))).toBe(true)
  })

  test('a report id that does not grow is accepted, with a remark', () => {
    const { take } = standIn()
    take(text(long(10)))
    expect(take(text(long(10))).event).toMatchObject({
      status: 'ACCEPTED',
      remarks: [expect.stringContaining('10')],
    })
    expect(take(text(long(11))).event?.remarks).toBeUndefined()
  })
})

test('reports that come too soon after an accepted one are throttled', () => {
  const { take } = standIn({ minReportIntervalSeconds: 300 })
  expect(take(text(long(1))).event?.status).toBe('ACCEPTED')
  vi.advanceTimersByTime(200_000)
  const { event, replies } = take(text(long(2)))
  expect(event).toMatchObject({ status: 'REJECTED', reportId: 2 })
  expect(json(replies[0]?.payload).statusDetails.ErrorCode).toBe('Throttled')
  vi.advanceTimersByTime(100_000)
  expect(take(text(long(3))).event?.status).toBe('ACCEPTED')
})

describe('faults', () => {
  test('silent: the report is seen, nobody answers', () => {
    const { event, replies } = standIn({ behavior: 'silent' }).take(text(long(1)))
    expect(event).toMatchObject({ status: 'SILENT', reportId: 1 })
    expect(event?.reply).toBeUndefined()
    expect(replies).toEqual([])
  })

  test.each([
    { behavior: 'reject', code: 'InvalidPayload' },
    { behavior: 'throttle', code: 'Throttled' },
  ] as const)('$behavior', ({ behavior, code }) => {
    const { replies } = standIn({ behavior }).take(text(long(1)))
    expect(json(replies[0]?.payload)).toMatchObject({ reportId: 1, statusDetails: { ErrorCode: code } })
  })

  test('duplicate', () => {
    const { replies } = standIn({ behavior: 'duplicate' }).take(text(long(1)))
    expect(replies.map(({ payload }) => json(payload).reportId)).toEqual([1, 1])
  })

  test('unknown-id', () => {
    const { replies } = standIn({ behavior: 'unknown-id' }).take(text(long(1)))
    expect(json(replies[0]?.payload)).toMatchObject({ status: 'ACCEPTED', reportId: 1_000_004 })
  })

  test('garbage: neither JSON nor CBOR', () => {
    const { replies } = standIn({ behavior: 'garbage' }).take(text(long(1)))
    expect(() => json(replies[0]?.payload)).toThrow()
    expect(() => decode(replies[0]?.payload ?? new Uint8Array())).toThrow()
  })

  test('late, and never when the core is closed before', () => {
    const { service, take, sent } = standIn({ behavior: 'late' })
    service.lateMs = 5_000
    expect(take(text(long(1))).replies).toEqual([])
    vi.advanceTimersByTime(4_998)
    expect(sent).toEqual([])
    vi.advanceTimersByTime(1)
    expect(json(sent[0]?.payload).reportId).toBe(1)
    expect(take(text(long(2))).replies).toHaveLength(1) // the first one's; its own is still to come
    service.close()
    vi.advanceTimersByTime(10_000)
    expect(sent).toEqual([])
  })
})
