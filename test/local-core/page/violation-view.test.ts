import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { viewViolation } from '../../../src/local-core/page/violation-view.ts'
import { exfiltration, T0, violationEvent } from './events.ts'

const payloadOf = (over: Parameters<typeof violationEvent>[0] = {}) =>
  violationEvent(over).payload as Readonly<Record<string, unknown>>

describe('what is no violation', () => {
  const cases = [
    { name: 'nothing', payload: undefined },
    { name: 'a text', payload: 'violation' },
    { name: 'a list of one', payload: [payloadOf()] },
    { name: 'another type', payload: { ...payloadOf(), violationEventType: 'alarm' } },
    { name: 'a type only inherited', payload: Object.create({ violationEventType: 'in-alarm' }) },
    { name: 'no id', payload: { ...payloadOf(), violationId: 7 } },
    { name: 'no time', payload: { ...payloadOf(), violationEventTime: 'now' } },
    { name: 'no behavior', payload: { ...payloadOf(), behavior: null } },
    { name: 'a behavior without a name', payload: { ...payloadOf(), behavior: { metric: 'aws:x' } } },
  ]
  it.each(cases)('$name', ({ payload }) => {
    expect(viewViolation(payload)).toBeUndefined()
  })
})

describe('viewViolation', () => {
  it('shows what of a list offends, and what would be normal', () => {
    expect(viewViolation(payloadOf())).toEqual({
      kind: 'violation',
      type: 'in-alarm',
      violationId: 'a'.repeat(32),
      foundAt: T0,
      securityProfile: 'demo',
      behavior: 'BackdoorPort',
      metric: 'aws:listening-tcp-ports',
      normal: { operator: 'not-in-port-set', elements: ['4444', '31337'], elementsTotal: 2 },
      offenders: { elements: ['4444'], total: 1 },
      evidence: {
        isEarly: true,
        firstSeen: [{ element: '4444', at: T0 }],
        observed: ['22', '4444'],
        observedTotal: 2,
        intervals: [],
        processes: [],
      },
    })
  })

  it('shows how much of what was found in which time', () => {
    expect(viewViolation(payloadOf(exfiltration))).toMatchObject({
      value: 52_400_000,
      normal: { operator: 'less-than', threshold: 50_000_000, durationSeconds: 300 },
      evidence: { coveredSeconds: 40, intervals: [{ value: 400_000 }, { value: 52_000_000 }] },
    })
  })

  it('compares with the percentile that the evidence tells', () => {
    const criteria = { comparisonOperator: 'less-than-equals', statisticalThreshold: { statistic: 'p99.99' } }
    const view = viewViolation(
      payloadOf({ ...exfiltration, behavior: { ...exfiltration.behavior, criteria } }),
    )
    expect(view?.normal).toEqual({
      operator: 'less-than-equals',
      threshold: 50_000_000,
      statistic: 'p99.99',
    })
  })

  it('counts offenders that the message had no room for, and names a hundred', () => {
    const ports = Array.from({ length: 300 }, (_, index) => index + 1)
    const view = viewViolation(payloadOf({ metricValue: { ports }, evidence: { offendersTotal: 5000 } }))
    expect(view?.offenders?.elements).toHaveLength(100)
    expect(view?.offenders?.total).toBe(5000)
  })

  it('shows whose it is, or why nobody knows', () => {
    const processes = [
      { element: 4444, pid: 7, executable: '/usr/bin/nc', containerId: 'c'.repeat(64) },
      { element: 31_337, unknown: 'permission denied' },
      'odd',
    ]
    expect(viewViolation(payloadOf({ evidence: { processes } }))?.evidence.processes).toEqual([
      { element: '4444', pid: 7, executable: '/usr/bin/nc', containerId: 'c'.repeat(64) },
      { element: '31337', unknown: 'permission denied' },
    ])
  })

  it('leaves out what is malformed and keeps the rest', () => {
    const evidence = { firstSeen: [{ element: {}, at: 1 }, null], observed: 'all', intervals: [{ value: 1 }] }
    const view = viewViolation(payloadOf({ metricValue: { ports: [4444, null, {}] }, evidence }))
    expect(view?.offenders).toEqual({ elements: ['4444'], total: 1 })
    expect(view?.evidence).toEqual({
      isEarly: false,
      firstSeen: [],
      observed: [],
      intervals: [],
      processes: [],
    })
  })

  it('never throws, whatever the message', () => {
    const names = Object.keys(payloadOf())
    const payload = fc.record(Object.fromEntries(names.map((name) => [name, fc.anything()])))
    fc.assert(
      fc.property(payload, (value) => {
        const merged = { ...payloadOf(), ...value, violationEventType: 'in-alarm', violationId: 'x' }
        expect(viewViolation(merged)?.type ?? 'in-alarm').toBe('in-alarm')
      }),
      { numRuns: 100 },
    )
  })
})
