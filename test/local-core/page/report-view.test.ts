import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { viewReport } from '../../../src/local-core/page/report-view.ts'
import { longReport, shortReport, T0 } from './events.ts'

describe('viewReport', () => {
  const absent = [
    { name: 'nothing', document: undefined },
    { name: 'a text', document: 'report' },
    { name: 'a list', document: [longReport] },
    { name: 'blocks of the wrong kind', document: { header: 7, metrics: 'x', custom_metrics: [] } },
    { name: 'null for the metrics', document: { met: null } },
  ]
  it.each(absent)('shows nothing of $name', ({ document }) => {
    expect(viewReport(document)).toEqual({ custom: [] })
  })

  it('leaves out what it cannot read and keeps the rest', () => {
    const view = viewReport({
      metrics: {
        listening_tcp_ports: { ports: [{ port: 'ssh' }, null, { port: 22 }], total: 'many' },
        tcp_connections: { established_connections: { connections: [{ local_port: 1 }, 7] } },
        network_stats: { bytes_in: 1, bytes_out: 2, packets_in: 3 },
      },
      custom_metrics: { odd: 'x', empty: [], fine: [{ number: 1 }] },
    })
    expect(view).toEqual({
      tcpPorts: { total: 1, entries: [{ port: 22 }] },
      connections: { total: 0, listed: 0, hosts: [] },
      custom: [
        { name: 'odd', values: [] },
        { name: 'empty', values: [] },
        { name: 'fine', values: ['1'] },
      ],
    })
  })

  const spellings = [
    { name: 'long', document: longReport },
    { name: 'short', document: shortReport },
  ]
  it.each(spellings)('reads $name field names', ({ document }) => {
    expect(viewReport(document)).toEqual({
      reportId: T0,
      tcpPorts: { total: 5, entries: [{ port: 22, interface: '0.0.0.0' }, { port: 8883 }] },
      udpPorts: { total: 1, entries: [{ port: 5353, interface: 'eth0' }] },
      connections: {
        total: 9,
        listed: 3,
        hosts: [
          {
            address: '192.0.2.7',
            count: 2,
            remotePorts: [443],
            localPorts: [51_000, 51_002],
            interfaces: ['eth0'],
          },
          {
            address: '2001:db8::7',
            count: 1,
            remotePorts: [8883],
            localPorts: [40_000],
            interfaces: [],
          },
        ],
      },
      traffic: { bytesIn: 12_300, bytesOut: 4_500, packetsIn: 12, packetsOut: 34 },
      custom: [
        { name: 'cpu_usage', values: ['12.5'] },
        { name: 'peers', values: ['192.0.2.1', '192.0.2.2'] },
      ],
    })
  })

  const endpoints = [
    { text: '192.0.2.7', address: '192.0.2.7', ports: [] },
    { text: '2001:db8::7', address: '2001:db8::7', ports: [] },
    { text: '[2001:db8::7]:65535', address: '2001:db8::7', ports: [65_535] },
    { text: '[2001:db8::7]', address: '[2001:db8::7]', ports: [] },
    { text: '192.0.2.7:', address: '192.0.2.7:', ports: [] },
    { text: '', address: '', ports: [] },
  ]
  it.each(endpoints)('takes "$text" as $address with ports $ports', ({ text, address, ports }) => {
    const connections = [{ remote_addr: text }]
    const view = viewReport({ metrics: { tcp_connections: { established_connections: { connections } } } })
    expect(view.connections?.hosts[0]).toMatchObject({ address, remotePorts: ports })
  })

  it('reads integers that a CBOR decoder gives as bigint', () => {
    expect(viewReport({ header: { report_id: BigInt(T0) } }).reportId).toBe(T0)
  })

  it('never throws, whatever the document', () => {
    const keys = fc.constantFrom(
      ...'header hed metrics met tcp_connections tc ec cs rad tp pts pt ns bi custom_metrics'.split(' '),
    )
    const document = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.anything(),
        fc.dictionary(keys, tie('value')),
        fc.array(tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(document, (value) => {
        expect(Array.isArray(viewReport(value).custom)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})
