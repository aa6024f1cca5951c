import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkReport } from '../../src/report/check.ts'
import { buildReport } from '../../src/report/report.ts'
import { goldenReports } from './golden.ts'
import { anyMetrics, content } from './samples.ts'

const header = { report_id: 1, version: '1.0' }
const withMetrics = (metrics: unknown) => ({ header, metrics })
const withPort = (port: unknown) => withMetrics({ listening_tcp_ports: { ports: [port], total: 1 } })
const withConnection = (connection: unknown) =>
  withMetrics({ tcp_connections: { established_connections: { connections: [connection] } } })
const withCustom = (value: unknown) => ({ header, custom_metrics: { speed: value } })

const connections = 'metrics.tcp_connections.established_connections.connections'

describe('faults', () => {
  const cases: { name: string; report: unknown; path: string; message: RegExp }[] = [
    { name: 'not an object', report: 'report', path: '', message: /expected an object, got "report"/ },
    { name: 'a list', report: [], path: '', message: /got a list/ },
    { name: 'no header', report: { metrics: {} }, path: 'header', message: /missing/ },
    { name: 'no short header', report: { met: {} }, path: 'hed', message: /missing/ },
    {
      name: 'neither block',
      report: { header },
      path: '',
      message: /neither "metrics" nor "custom_metrics"/,
    },
    {
      name: 'both blocks null',
      report: { header, metrics: null, custom_metrics: null },
      path: '',
      message: /neither/,
    },
    {
      name: 'no report id',
      report: { header: { version: '1.0' }, metrics: {} },
      path: 'header.report_id',
      message: /missing/,
    },
    {
      name: 'no version',
      report: { header: { report_id: 1 }, metrics: {} },
      path: 'header.version',
      message: /missing/,
    },
    {
      name: 'report id 0',
      report: { header: { ...header, report_id: 0 }, metrics: {} },
      path: 'header.report_id',
      message: /at least 1, got 0/,
    },
    {
      name: 'report id as text',
      report: { header: { ...header, report_id: '7' }, metrics: {} },
      path: 'header.report_id',
      message: /integer .* got "7"/,
    },
    {
      name: 'report id as a fraction',
      report: { header: { ...header, report_id: 1.5 }, metrics: {} },
      path: 'header.report_id',
      message: /got 1.5/,
    },
    {
      name: 'report id beyond 2^53',
      report: { header: { ...header, report_id: 2n ** 60n }, metrics: {} },
      path: 'header.report_id',
      message: /got 1152921504606846976/,
    },
    {
      name: 'version as a number',
      report: { header: { report_id: 1, version: 1 }, metrics: {} },
      path: 'header.version',
      message: /like "1.0", got 1/,
    },
    {
      name: 'version without minor',
      report: { header: { report_id: 1, version: '1' }, metrics: {} },
      path: 'header.version',
      message: /like "1.0"/,
    },
    { name: 'metrics as a list', report: withMetrics([]), path: 'metrics', message: /got a list/ },
    {
      name: 'unknown metric',
      report: withMetrics({ cpu: 1 }),
      path: 'metrics.cpu',
      message: /unknown field/,
    },
    {
      name: 'unknown block',
      report: { header, metrics: {}, extra: 1 },
      path: 'extra',
      message: /unknown field/,
    },
    {
      name: 'mixed names, short in long',
      report: withMetrics({ tp: { total: 1 } }),
      path: 'metrics.tp',
      message: /not a long name/,
    },
    {
      name: 'mixed names, long in short',
      report: { hed: { rid: 1, v: '1.0' }, met: { network_stats: {} } },
      path: 'met.network_stats',
      message: /not a short name/,
    },
    {
      name: 'both spellings of a block',
      report: { header, metrics: {}, cmet: {} },
      path: 'cmet',
      message: /not a long name/,
    },
    {
      name: 'ports not a list',
      report: withMetrics({ listening_udp_ports: { ports: {} } }),
      path: 'metrics.listening_udp_ports.ports',
      message: /expected a list, got an object/,
    },
    {
      name: 'port as a bare number',
      report: withPort(22),
      path: 'metrics.listening_tcp_ports.ports[0]',
      message: /expected an object, got 22/,
    },
    {
      name: 'port missing',
      report: withPort({ interface: 'lo' }),
      path: 'metrics.listening_tcp_ports.ports[0].port',
      message: /missing/,
    },
    {
      name: 'port 0',
      report: withPort({ port: 0 }),
      path: 'metrics.listening_tcp_ports.ports[0].port',
      message: /from 1 to 65535, got 0/,
    },
    {
      name: 'port 65536',
      report: withPort({ port: 65_536 }),
      path: 'metrics.listening_tcp_ports.ports[0].port',
      message: /got 65536/,
    },
    {
      name: 'port NaN',
      report: withPort({ port: Number.NaN }),
      path: 'metrics.listening_tcp_ports.ports[0].port',
      message: /got NaN/,
    },
    {
      name: 'interface as a number',
      report: withPort({ port: 1, interface: 0 }),
      path: 'metrics.listening_tcp_ports.ports[0].interface',
      message: /expected a string, got 0/,
    },
    {
      name: 'negative total',
      report: withMetrics({ listening_tcp_ports: { total: -1 } }),
      path: 'metrics.listening_tcp_ports.total',
      message: /at least 0, got -1/,
    },
    {
      name: 'total below the list',
      report: withMetrics({ listening_tcp_ports: { ports: [{ port: 1 }], total: 0 } }),
      path: 'metrics.listening_tcp_ports.total',
      message: /0 is less than the 1 entries/,
    },
    {
      name: 'negative delta',
      report: withMetrics({ network_stats: { bytes_in: -99 } }),
      path: 'metrics.network_stats.bytes_in',
      message: /got -99/,
    },
    {
      name: 'no remote address',
      report: withConnection({ local_port: 1 }),
      path: `${connections}[0].remote_addr`,
      message: /missing/,
    },
    {
      name: 'address without port',
      report: withConnection({ remote_addr: '192.0.2.7' }),
      path: `${connections}[0].remote_addr`,
      message: /"ip:port"/,
    },
    {
      name: 'IPv6 without brackets',
      report: withConnection({ remote_addr: '2001:db8::7:443' }),
      path: `${connections}[0].remote_addr`,
      message: /"ip:port"/,
    },
    {
      name: 'IPv4 in brackets',
      report: withConnection({ remote_addr: '[192.0.2.7]:443' }),
      path: `${connections}[0].remote_addr`,
      message: /"ip:port"/,
    },
    {
      name: 'not an address',
      report: withConnection({ remote_addr: '192.0.2.300:443' }),
      path: `${connections}[0].remote_addr`,
      message: /"ip:port"/,
    },
    {
      name: 'remote port 0',
      report: withConnection({ remote_addr: '192.0.2.7:0' }),
      path: `${connections}[0].remote_addr`,
      message: /"ip:port"/,
    },
    {
      name: 'remote port 65536',
      report: withConnection({ remote_addr: '192.0.2.7:65536' }),
      path: `${connections}[0].remote_addr`,
      message: /"ip:port"/,
    },
    {
      name: 'custom metrics as a list',
      report: { header, custom_metrics: [] },
      path: 'custom_metrics',
      message: /got a list/,
    },
    {
      name: 'custom name of AWS',
      report: { header, custom_metrics: { 'aws:x': [{ number: 1 }] } },
      path: 'custom_metrics.aws:x',
      message: /begins with "aws:"/,
    },
    {
      name: 'custom value without its list',
      report: withCustom({ number: 1 }),
      path: 'custom_metrics.speed',
      message: /list of one object/,
    },
    {
      name: 'custom value bare',
      report: withCustom(1),
      path: 'custom_metrics.speed',
      message: /list of one object/,
    },
    {
      name: 'custom value twice',
      report: withCustom([{ number: 1 }, { number: 2 }]),
      path: 'custom_metrics.speed',
      message: /list of one object/,
    },
    {
      name: 'custom value of two types',
      report: withCustom([{ number: 1, ip_list: [] }]),
      path: 'custom_metrics.speed',
      message: /one member/,
    },
    {
      name: 'custom value of no type',
      report: withCustom([{}]),
      path: 'custom_metrics.speed',
      message: /one member/,
    },
    {
      name: 'unknown custom type',
      report: withCustom([{ toString: 1 }]),
      path: 'custom_metrics.speed[0].toString',
      message: /one of number, number_list/,
    },
    {
      name: 'custom number as text',
      report: withCustom([{ number: '1' }]),
      path: 'custom_metrics.speed[0].number',
      message: /a number, got "1"/,
    },
    {
      name: 'custom list with another type in it',
      report: withCustom([{ string_list: ['a', 1] }]),
      path: 'custom_metrics.speed[0].string_list[1]',
      message: /a string, got 1/,
    },
    {
      name: 'custom list that is none',
      report: withCustom([{ ip_list: '192.0.2.1' }]),
      path: 'custom_metrics.speed[0].ip_list',
      message: /a list/,
    },
  ]
  it.each(cases)('$name', ({ report, path, message }) => {
    expect(checkReport(report)).toContainEqual({ path, message: expect.stringMatching(message) })
  })

  it('are all found at once', () => {
    const report = {
      header: { report_id: -1 },
      metrics: { listening_tcp_ports: { ports: [{ port: 0 }, { port: 99_999 }] } },
    }
    expect(checkReport(report).map(({ path }) => path)).toEqual([
      'header.version',
      'header.report_id',
      'metrics.listening_tcp_ports.ports[0].port',
      'metrics.listening_tcp_ports.ports[1].port',
    ])
  })

  it('are bounded in number and length', () => {
    const ports = Array(10_000).fill({ ['x'.repeat(10_000)]: 1 })
    const faults = checkReport(withMetrics({ listening_tcp_ports: { ports } }))
    expect(faults).toHaveLength(50)
    expect(Math.max(...faults.map(({ path }) => path.length))).toBeLessThan(250)
  })
})

describe('no faults', () => {
  it.each(goldenReports)('the golden report $name, $spelling', ({ report }) => {
    expect(checkReport(report)).toEqual([])
  })

  const good: { name: string; report: unknown }[] = [
    // AWS's own test suite for the FreeRTOS library publishes this one and expects it to be accepted.
    {
      name: 'a total without its list',
      report: withMetrics({ tcp_connections: { established_connections: { total: 3 } } }),
    },
    {
      name: 'a null block beside another',
      report: { hed: { rid: 1, v: '1.0' }, met: null, cmet: { a: [{ number: 1 }] } },
    },
    {
      name: 'integers decoded to bigints',
      report: { header: { ...header, report_id: 1_763_980_000_123n }, metrics: {} },
    },
    { name: 'a custom integer decoded to a bigint', report: withCustom([{ number: 2n ** 40n }]) },
    { name: 'IPv6 in brackets', report: withConnection({ remote_addr: '[2001:db8::7]:443' }) },
    { name: 'an empty list', report: withCustom([{ ip_list: [] }]) },
  ]
  it.each(good)('$name', ({ report }) => {
    expect(checkReport(report)).toEqual([])
  })

  it('whatever was measured', () => {
    fc.assert(
      fc.property(anyMetrics, fc.constantFrom('long' as const, 'short' as const), (metrics, spelling) => {
        expect(checkReport(buildReport(content(metrics), spelling))).toEqual([])
      }),
    )
  })
})

describe('whatever it is given', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true })
  it('checkReport answers with faults', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(checkReport(value).length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })

  it('also deep inside a report', () => {
    fc.assert(
      fc.property(anything, (value) => {
        for (const report of [
          withMetrics(value),
          withPort(value),
          withConnection(value),
          withCustom(value),
        ]) {
          expect(Array.isArray(checkReport(report))).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
