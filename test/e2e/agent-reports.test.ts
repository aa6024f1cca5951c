/** What the agent reports: all that a recorded `/proc` holds, on either nucleus, in either format and spelling. */
import { spawnSync } from 'node:child_process'
import { decode as decodeCbor } from 'cborg'
import { describe, expect, test, vi } from 'vitest'
import treeReport from '../fixtures/reports/trees/container.json' with { type: 'json' }
import { startAgent } from '../helpers/agent.ts'
import { copiedTree, netDev } from '../helpers/agent-tree.ts'
import { slowness } from '../helpers/artifact.ts'
import { generatedTable } from '../helpers/sockets.ts'

vi.setConfig({ testTimeout: 40_000 * slowness })

const builtIn = { memory_usage: true, load_1m: true, uptime_seconds: true, process_count: true }
/** ens5 and docker0 as recorded; loopback does not count. */
const recorded = {
  lo: { bytesIn: 50, packetsIn: 5, bytesOut: 50, packetsOut: 5 },
  ens5: { bytesIn: 1_000_000, packetsIn: 1_000, bytesOut: 2_000_000, packetsOut: 2_000 },
  docker0: { bytesIn: 300, packetsIn: 3, bytesOut: 400, packetsOut: 4 },
}

/** The table of field names in "Device-side metrics" of the AWS IoT developer guide. */
const shortNames: Readonly<Record<string, string>> = {
  header: 'hed',
  report_id: 'rid',
  version: 'v',
  metrics: 'met',
  custom_metrics: 'cmet',
  listening_tcp_ports: 'tp',
  listening_udp_ports: 'up',
  ports: 'pts',
  port: 'pt',
  interface: 'if',
  total: 't',
  network_stats: 'ns',
  bytes_in: 'bi',
  bytes_out: 'bo',
  packets_in: 'pi',
  packets_out: 'po',
  tcp_connections: 'tc',
  established_connections: 'ec',
  connections: 'cs',
  remote_addr: 'rad',
  local_port: 'lp',
  local_interface: 'li',
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [shortNames[key] ?? key, renamed(member)]),
  )
}

/** What a report about the recorded tree says, in long names. */
function expectedReport(reportId: number | undefined, traffic: readonly [number, number, number, number]) {
  const [bytes_in, bytes_out, packets_in, packets_out] = traffic
  return {
    header: { report_id: reportId, version: '1.0' },
    metrics: { ...treeReport.metrics, network_stats: { bytes_in, bytes_out, packets_in, packets_out } },
    custom_metrics: treeReport.custom_metrics,
  }
}

/** The counters of a report in either spelling. */
function trafficOf(report: unknown): number[] {
  const { metrics, met } = report as { metrics?: { network_stats: object }; met?: { ns: object } }
  return Object.values(metrics?.network_stats ?? met?.ns ?? {})
}

const variants = (['classic', 'lite'] as const).flatMap((mode) =>
  (['json', 'cbor'] as const).flatMap((format) =>
    (['long', 'short'] as const).map((names) => ({ mode, format, names })),
  ),
)

describe.concurrent('reports about a recorded tree', () => {
  test.for(variants)('$mode, $format, $names names', async ({ mode, format, names }, context) => {
    const tree = copiedTree(context)
    const agent = await startAgent(context, {
      mode,
      configuration: {
        ProcPath: tree.path,
        ReportFormat: format,
        FieldNames: names,
        CustomMetrics: builtIn,
      },
    })
    const spelled = (report: unknown) => (names === 'short' ? renamed(report) : report)

    const first = await agent.nextReport()
    expect(first.status).toBe('ACCEPTED')
    expect(first.format).toBe(format)
    expect(first.topic).toMatch(new RegExp(`^\\$aws/things/core-[\\d-]+/defender/metrics/${format}$`))
    // The self-check before RUNNING is what the first traffic counts from.
    expect(first.report).toEqual(spelled(expectedReport(first.reportId, [0, 0, 0, 0])))

    tree.write(
      '1/net/dev',
      netDev({
        lo: { bytesIn: 9_999, packetsIn: 99, bytesOut: 9_999, packetsOut: 99 },
        ens5: { bytesIn: 1_000_500, packetsIn: 1_005, bytesOut: 2_007_000, packetsOut: 2_070 },
        docker0: { bytesIn: 301, packetsIn: 4, bytesOut: 402, packetsOut: 6 },
      }),
    )
    const second = await agent.reportWhere('traffic', ({ report }) => trafficOf(report).some((n) => n > 0))
    expect(second.report).toEqual(spelled(expectedReport(second.reportId, [501, 7_002, 6, 72])))
    const third = await agent.reportWhere('third', ({ reportId = 0 }) => reportId > (second.reportId ?? 0))
    expect(third.report).toEqual(spelled(expectedReport(third.reportId, [0, 0, 0, 0])))
    expect(first.reportId).toBeLessThan(second.reportId ?? 0)
    expect(second.reportId).toBeLessThan(third.reportId ?? 0)

    await agent.logWhere('accepted', ({ level, message }) => level === 'info' && /accepted/.test(message))
    expect(agent.log.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe.concurrent('bytes', () => {
  /** CBOR as it went over the wire: the copy on the own topic has the bytes of the report. */
  const cborReport = async (context: Parameters<typeof startAgent>[0]) => {
    const tree = copiedTree(context)
    const agent = await startAgent(context, {
      mode: 'classic',
      configuration: {
        ProcPath: tree.path,
        ReportFormat: 'cbor',
        ReportCopyTopic: 'greengrass-defender/{thingName}/reports',
        CustomMetrics: builtIn,
      },
    })
    const { payload } = await agent.until('copy', () => agent.messages[0])
    const bytes = Buffer.from((payload as { base64: string }).base64, 'base64')
    return { bytes, report: agent.reports[0] }
  }

  test('another CBOR decoder reads the same report', async (context) => {
    const { bytes, report } = await cborReport(context)
    expect(decodeCbor(bytes, { strict: true })).toEqual(expectedReport(report?.reportId, [0, 0, 0, 0]))
    expect(bytes.length).toBe(report?.bytes)
  })

  test('a CBOR decoder in another language reads the same report', async (context) => {
    const program =
      'import sys, json, cbor2; json.dump(cbor2.loads(sys.stdin.buffer.read()), sys.stdout, sort_keys=True)'
    if (spawnSync('python3', ['-c', 'import cbor2']).status !== 0) {
      context.skip('this machine has no python3 with the module cbor2')
    }
    const { bytes, report } = await cborReport(context)
    const { stdout, status } = spawnSync('python3', ['-c', program], { input: bytes, encoding: 'utf8' })
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual(expectedReport(report?.reportId, [0, 0, 0, 0]))
  })
})

describe.concurrent('10,000 connections', () => {
  const connectionsOf = (report: unknown) =>
    (report as typeof treeReport).metrics.tcp_connections.established_connections

  test.for([
    { mode: 'lite', format: 'json', names: 'long', bytesMin: 7_000, bytesMax: 7_356 },
    { mode: 'lite', format: 'cbor', names: 'short', bytesMin: 7_000, bytesMax: 7_356 },
    { mode: 'classic', format: 'json', names: 'long', bytesMin: 127_000, bytesMax: 128_000 },
  ] as const)(
    '$mode, $format: $bytesMax bytes at most, a true total, and a line that says what was left out',
    async (variant, context) => {
      const { mode, format, names, bytesMin, bytesMax } = variant
      const tree = copiedTree(context)
      tree.write('1/net/tcp', generatedTable(10_000))
      tree.write('1/net/tcp6', generatedTable(0))
      const agent = await startAgent(context, {
        mode,
        configuration: { ProcPath: tree.path, ReportFormat: format, FieldNames: names },
      })
      const { status, bytes, report } = await agent.nextReport()
      expect(status).toBe('ACCEPTED')
      expect(bytes).toBeGreaterThan(bytesMin)
      expect(bytes).toBeLessThanOrEqual(bytesMax)
      const [total, listed] =
        names === 'long'
          ? [connectionsOf(report).total, connectionsOf(report).connections.length]
          : shortTotals(report)
      expect(total).toBe(10_000)
      const { level, entriesLeftOut } = await agent.logWhere('left out', (line) => 'entriesLeftOut' in line)
      expect(level).toBe('warn')
      const { establishedConnections, ...others } = entriesLeftOut as Record<string, number>
      // The line is about the self-check's report, which has no traffic yet and room for a few entries more.
      expect(10_000 - listed - (establishedConnections ?? 0)).toBeGreaterThanOrEqual(0)
      expect(10_000 - listed - (establishedConnections ?? 0)).toBeLessThan(5)
      expect(others).toEqual({ listeningTcpPorts: 0, listeningUdpPorts: 0, customMetrics: [] })
      // Said once, and reports go on.
      await agent.nextReport()
      await agent.nextReport()
      expect(agent.log.filter((line) => 'entriesLeftOut' in line)).toHaveLength(1)
      expect(agent.states.map(({ state }) => state)).not.toContain('ERRORED')
    },
  )

  function shortTotals(report: unknown): [total: number, listed: number] {
    const { ec } = (report as { met: { tc: { ec: { t: number; cs: unknown[] } } } }).met.tc
    return [ec.t, ec.cs.length]
  }
})

test.concurrent('traffic is counted from the start of the agent, whatever the counters were', async (context) => {
  const tree = copiedTree(context)
  const agent = await startAgent(context, { mode: 'classic', configuration: { ProcPath: tree.path } })
  await agent.state('RUNNING')
  // Between two reports at most; over all of them nothing is lost and nothing counts twice.
  for (let step = 1; step <= 4; step += 1) {
    const ens5 = { ...recorded.ens5, bytesIn: recorded.ens5.bytesIn + step * 1_000 }
    tree.write('1/net/dev', netDev({ ...recorded, ens5 }))
    await agent.nextReport()
  }
  const bytesIn = () => agent.reports.reduce((sum, { report }) => sum + (trafficOf(report)[0] ?? 0), 0)
  await agent.until('all traffic', () => (bytesIn() >= 4_000 ? true : undefined))
  await agent.nextReport()
  expect(bytesIn()).toBe(4_000)
})
