import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CustomMetricValue, Metrics } from '../../src/metrics/snapshot.ts'
import { checkReport } from '../../src/report/check.ts'
import { loadCodec, type ReportFormat } from '../../src/report/codec.ts'
import type { Spelling } from '../../src/report/field-names.ts'
import { fieldNames } from '../../src/report/field-names.ts'
import { buildReport, connectionEntry, type PlainObject, portEntry } from '../../src/report/report.ts'
import { ReportError } from '../../src/report/report-error.ts'
import { type ShrunkReport, shrinkReport } from '../../src/report/shrink.ts'
import { anyMetrics, content, everything, manyConnections } from './samples.ts'

const codecs = { json: await loadCodec('json'), cbor: await loadCodec('cbor') }

interface Setting {
  readonly format: ReportFormat
  readonly names: Spelling
}
const settings: readonly Setting[] = (['json', 'cbor'] as const).flatMap((format) =>
  (['long', 'short'] as const).map((names) => ({ format, names })),
)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const anySetting = fc.constantFrom(...settings)
const anyBudget = fc.oneof(fc.integer({ min: 200, max: 3_000 }), fc.integer({ min: 200, max: 60_000 }))

function shrink(metrics: Metrics, { format, names }: Setting, maxBytes: number): ShrunkReport {
  return shrinkReport(content(metrics), { ...codecs[format], names, maxBytes })
}

/** Undefined where the budget holds no report. */
function shrinkIfPossible(metrics: Metrics, setting: Setting, maxBytes: number): ShrunkReport | undefined {
  try {
    return shrink(metrics, setting, maxBytes)
  } catch (error) {
    // Not the other `too-large`, of a payload longer than it was reckoned: that would be a mistake of ours.
    if (error instanceof ReportError && error.message.includes('too few')) return undefined
    throw error
  }
}

/** The lists of a report, as they were sent; undefined for one that is not in it. */
function listsOf(payload: Uint8Array, { format, names }: Setting) {
  const wire = fieldNames[names]
  const at = (value: unknown, ...path: string[]): unknown =>
    path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)
  const report = codecs[format].decode(payload)
  const established = [wire.metrics, wire.tcpConnections, wire.establishedConnections]
  return {
    report,
    tcp: at(report, wire.metrics, wire.listeningTcpPorts, wire.ports) as unknown[] | undefined,
    tcpTotal: at(report, wire.metrics, wire.listeningTcpPorts, wire.total),
    udp: at(report, wire.metrics, wire.listeningUdpPorts, wire.ports) as unknown[] | undefined,
    udpTotal: at(report, wire.metrics, wire.listeningUdpPorts, wire.total),
    established: at(report, ...established, wire.connections) as unknown[] | undefined,
    establishedTotal: at(report, ...established, wire.total),
    custom: Object.keys((at(report, wire.customMetrics) as object | undefined) ?? {}),
  }
}

function lengths(payload: Uint8Array, setting: Setting): number[] {
  const { tcp, udp, established } = listsOf(payload, setting)
  return [tcp, udp, established].map((list) => list?.length ?? 0)
}

describe('a budget that holds no report', () => {
  const failing: { name: string; metrics: Metrics; maxBytes: number; code: string }[] = [
    { name: 'no bytes', metrics: everything, maxBytes: 0, code: 'too-large' },
    { name: 'header but no totals', metrics: everything, maxBytes: 80, code: 'too-large' },
    {
      name: 'header but no custom metric',
      metrics: { custom: everything.custom },
      maxBytes: 60,
      code: 'too-large',
    },
    { name: 'nothing measured', metrics: { custom: new Map() }, maxBytes: 1_000, code: 'empty' },
  ]
  it.each(failing)('$name: $code', ({ metrics, maxBytes, code }) => {
    const attempt = () => shrink(metrics, { format: 'json', names: 'long' }, maxBytes)
    expect(attempt).toThrow(expect.objectContaining({ name: 'ReportError', code }))
  })
})

describe.each(settings)('shrinkReport to $format with $names names', (setting) => {
  it('leaves a report alone that fits to the byte, and cuts it for one byte less', () => {
    const metrics = everything
    const whole = codecs[setting.format].encode(buildReport(content(metrics), setting.names))
    const fitting = shrink(metrics, setting, whole.length)
    expect(hex(fitting.payload)).toBe(hex(whole))
    expect(fitting.omitted).toEqual({
      listeningTcpPorts: 0,
      listeningUdpPorts: 0,
      establishedConnections: 0,
      customMetrics: [],
    })
    const cut = shrink(metrics, setting, whole.length - 1)
    expect(cut.omitted).toMatchObject({
      establishedConnections: 1,
      listeningTcpPorts: 0,
      listeningUdpPorts: 0,
    })
  })

  it('cuts nothing without a limit', () => {
    const { omitted } = shrink(manyConnections(3_000), setting, Number.POSITIVE_INFINITY)
    expect(omitted.establishedConnections).toBe(0)
  })

  it('keeps small lists whole when a big one has to give way, and uses what there is', () => {
    for (const maxBytes of [7_300, 128_000]) {
      const { payload, omitted } = shrink(manyConnections(10_000), setting, maxBytes)
      const { tcp, udp, established, establishedTotal } = listsOf(payload, setting)
      expect(tcp).toHaveLength(3)
      expect(udp).toHaveLength(1)
      expect(Number(establishedTotal)).toBe(10_000)
      expect(omitted.establishedConnections).toBe(10_000 - (established?.length ?? 0))
      expect(payload.length).toBeGreaterThan(0.95 * maxBytes)
      expect(payload.length).toBeLessThanOrEqual(maxBytes)
    }
  })

  it('shares by bytes between lists that are both too big', () => {
    const ports = Array.from({ length: 5_000 }, (_, index) => ({ port: index + 1, interface: 'eth0' }))
    const metrics = { ...manyConnections(5_000), listeningUdpPorts: { total: 5_000, ports } }
    const { udp = [], established = [] } = listsOf(shrink(metrics, setting, 20_000).payload, setting)
    const bytes = (list: unknown[]) => codecs[setting.format].encode(list as PlainObject[]).length
    expect(Math.abs(bytes(udp) - bytes(established))).toBeLessThan(200)
  })
})

describe('custom metrics', () => {
  const numbers = (count: number): CustomMetricValue => ({
    type: 'number-list',
    numbers: Array(count).fill(7),
  })
  const one: CustomMetricValue = { type: 'number', number: 1 }
  const setting: Setting = { format: 'json', names: 'long' }
  const cases: {
    name: string
    custom: [string, CustomMetricValue][]
    maxBytes: number
    omitted: string[]
  }[] = [
    { name: 'connections give way first', custom: [['a', numbers(400)]], maxBytes: 1_500, omitted: [] },
    {
      name: 'the last goes first',
      custom: [
        ['a', numbers(300)],
        ['b', numbers(300)],
      ],
      maxBytes: 1_500,
      omitted: ['b'],
    },
    {
      name: 'one that can never fit does not take the others along',
      custom: [
        ['huge', numbers(9_000)],
        ['small', one],
      ],
      maxBytes: 1_500,
      omitted: ['huge'],
    },
    {
      name: 'all of them',
      custom: [
        ['a', numbers(900)],
        ['b', numbers(900)],
      ],
      maxBytes: 1_000,
      omitted: ['a', 'b'],
    },
  ]
  it.each(cases)('$name', ({ custom, maxBytes, omitted }) => {
    const metrics = { ...manyConnections(500), custom: new Map(custom) }
    const shrunk = shrink(metrics, setting, maxBytes)
    expect(shrunk.omitted.customMetrics).toEqual(omitted)
    const { custom: kept, establishedTotal } = listsOf(shrunk.payload, setting)
    expect(kept).toEqual(custom.map(([name]) => name).filter((name) => !omitted.includes(name)))
    expect(establishedTotal).toBe(500)
  })
})

describe('properties', () => {
  it('never above the budget; a well-formed report; beginnings of the lists; totals untouched', () => {
    fc.assert(
      fc.property(anyMetrics, anySetting, anyBudget, (metrics, setting, maxBytes) => {
        const shrunk = shrinkIfPossible(metrics, setting, maxBytes)
        if (shrunk === undefined) return
        const { payload, omitted } = shrunk
        expect(payload.length).toBeLessThanOrEqual(maxBytes)

        const wire = fieldNames[setting.names]
        const sent = listsOf(payload, setting)
        // The library renames this one key of what it decodes, for safety.
        if (!metrics.custom.has('__proto__')) expect(checkReport(sent.report)).toEqual([])
        const {
          listeningTcpPorts: tcp,
          listeningUdpPorts: udp,
          establishedConnections: established,
        } = metrics
        for (const [list, entries, omittedCount, total, sentTotal] of [
          [
            sent.tcp,
            tcp?.ports.map((port) => portEntry(port, wire)),
            omitted.listeningTcpPorts,
            tcp?.total,
            sent.tcpTotal,
          ],
          [
            sent.udp,
            udp?.ports.map((port) => portEntry(port, wire)),
            omitted.listeningUdpPorts,
            udp?.total,
            sent.udpTotal,
          ],
          [
            sent.established,
            established?.connections.map((connection) => connectionEntry(connection, wire)),
            omitted.establishedConnections,
            established?.total,
            sent.establishedTotal,
          ],
        ] as const) {
          expect(sentTotal).toBe(total)
          expect(list ?? []).toEqual(entries?.slice(0, list?.length ?? 0) ?? [])
          expect(omittedCount).toBe((total ?? 0) - (list?.length ?? 0))
        }
        expect(sent.custom.length + omitted.customMetrics.length).toBe(metrics.custom.size)
      }),
    )
  })

  it('more budget never costs an entry', () => {
    const withoutCustom = anyMetrics.map((metrics) => ({ ...metrics, custom: new Map() }))
    fc.assert(
      fc.property(
        withoutCustom,
        anySetting,
        anyBudget,
        fc.nat({ max: 300 }),
        (metrics, setting, maxBytes, more) => {
          fc.pre(Object.keys(metrics).length > 1)
          const small = shrinkIfPossible(metrics, setting, maxBytes)
          if (small === undefined) return
          const big = shrink(metrics, setting, maxBytes + more)
          const before = lengths(small.payload, setting)
          lengths(big.payload, setting).forEach((length, index) => {
            expect(length).toBeGreaterThanOrEqual(before[index] ?? 0)
          })
        },
      ),
    )
  })

  it('the room left is less than the next entry needs', () => {
    fc.assert(
      fc.property(anySetting, fc.integer({ min: 1_000, max: 20_000 }), (setting, maxBytes) => {
        const { payload } = shrink(manyConnections(2_000), setting, maxBytes)
        // The longest entry of that sample: `,{"remote_addr":"[2001:db8::7cf]:2000","local_port":8883,...}`
        expect(maxBytes - payload.length).toBeLessThan(100)
      }),
    )
  })

  it('same input, same bytes', () => {
    fc.assert(
      fc.property(anyMetrics, anySetting, anyBudget, (metrics, setting, maxBytes) => {
        const first = shrinkIfPossible(metrics, setting, maxBytes)
        const second = shrinkIfPossible(metrics, setting, maxBytes)
        expect(second && hex(second.payload)).toBe(first && hex(first.payload))
      }),
    )
  })
})

describe('cost', () => {
  it('does not look at entries that no budget could reach', () => {
    const metrics = manyConnections(10_000)
    let looked = 0
    const connections = new Proxy(metrics.establishedConnections?.connections ?? [], {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) looked += 1
        return Reflect.get(target, key, receiver)
      },
    })
    const watched = { ...metrics, establishedConnections: { total: 10_000, connections } }
    const { payload } = shrink(watched, { format: 'json', names: 'long' }, 7_300)
    expect(payload.length).toBeGreaterThan(7_000)
    expect(looked).toBeLessThan(500)
  })
})
