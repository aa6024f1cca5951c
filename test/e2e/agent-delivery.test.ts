/** How reports get away: copies, replies, a nucleus that is offline, and nothing lost over all of it. */
import { describe, expect, test, vi } from 'vitest'
import { type Agent, startAgent } from '../helpers/agent.ts'
import { type AgentTree, copiedTree, netDev } from '../helpers/agent-tree.ts'
import { slowness } from '../helpers/artifact.ts'

vi.setConfig({ testTimeout: 40_000 * slowness })

const copyTopic = 'greengrass-defender/{thingName}/reports'
const isWarning = ({ level }: { level: string }) => level === 'warn'

describe.concurrent('copies', () => {
  test('DeviceDefender false: nothing on the reserved topic, the copy has each report', async (context) => {
    const tree = copiedTree(context)
    const agent = await startAgent(context, {
      mode: 'classic',
      configuration: { ProcPath: tree.path, DeviceDefender: false, ReportCopyTopic: copyTopic },
    })
    await agent.until('two copies', () => agent.messages[1])
    for (const { topic, payload } of agent.messages) {
      expect(topic).toMatch(/^greengrass-defender\/core-[\d-]+\/reports$/)
      expect(payload).toMatchObject({
        header: { version: '1.0' },
        metrics: { listening_tcp_ports: { total: 3 }, network_stats: { bytes_in: 0 } },
      })
    }
    expect(agent.reports).toEqual([])
  })

  test('both: the copy is the report, byte for byte', async (context) => {
    const tree = copiedTree(context)
    const agent = await startAgent(context, {
      mode: 'lite',
      configuration: { ProcPath: tree.path, ReportCopyTopic: copyTopic },
    })
    const { bytes, payload } = await agent.until('copy', () => agent.messages[0])
    expect(payload).toEqual(agent.reports[0]?.report)
    expect(bytes).toBe(agent.reports[0]?.bytes)
  })

  test('through Basic Ingest to a rule, once accessControl has it', async (context) => {
    const policy = {
      policyDescription: 'Reports to a rule.',
      operations: ['aws.greengrass#PublishToIoTCore'],
      resources: ['$aws/rules/device_reports/*'],
    }
    const agent = await startAgent(context, {
      mode: 'classic',
      configuration: {
        ReportCopyTopic: '$aws/rules/device_reports/{thingName}',
        accessControl: { 'aws.greengrass.ipc.mqttproxy': { 'example:mqtt:rule': policy } },
      },
    })
    const { topic, payload } = await agent.until('copy', () => agent.messages[0])
    expect(topic).toMatch(/^\$aws\/rules\/device_reports\/core-[\d-]+$/)
    expect(payload).toHaveProperty('header.report_id', agent.reports[0]?.reportId)
  })

  test.for(['classic', 'lite'] as const)(
    'not permitted, on %s: said once, and Device Defender gets its reports',
    async (mode, context) => {
      const agent = await startAgent(context, {
        mode,
        isDenialMeant: true,
        configuration: { ReportCopyTopic: 'plant/reports' },
      })
      await agent.until('three reports', () => agent.reports[2])
      expect(agent.reports.map(({ status }) => status)).toEqual(['ACCEPTED', 'ACCEPTED', 'ACCEPTED'])
      const lines = agent.log.filter((line) => JSON.stringify(line).includes('plant/reports'))
      expect(lines).toMatchObject([
        { level: 'warn', topic: 'plant/reports', error: { code: 'unauthorized' } },
      ])
      expect(agent.messages).toEqual([])
    },
  )
})

describe.concurrent('replies', () => {
  test.for(['json', 'cbor'] as const)(
    "a rejection in %s is a warning with AWS's code and text; reports go on",
    async (format, context) => {
      const agent = await startAgent(context, { mode: 'lite', configuration: { ReportFormat: format } })
      await agent.nextReport()
      agent.core.faults.setReplies('reject')
      const { reportId } = await agent.reportWhere('rejected report', ({ status }) => status === 'REJECTED')
      expect(
        await agent.logWhere('rejection', (line) => line.reportId === reportId && isWarning(line)),
      ).toMatchObject({ level: 'warn', code: 'InvalidPayload', reason: 'Malformed metrics report' })
      agent.core.faults.setReplies('answer')
      await agent.reportWhere(
        'report after it',
        (event) => event.status === 'ACCEPTED' && (event.reportId ?? 0) > (reportId ?? 0),
      )
    },
  )

  test('reports closer than the account allows are throttled, and the log says so', async (context) => {
    const agent = await startAgent(context, { mode: 'classic', minReportIntervalSeconds: 300 })
    expect((await agent.nextReport()).status).toBe('ACCEPTED')
    const { reportId, status } = await agent.nextReport()
    expect(status).toBe('REJECTED')
    expect(
      await agent.logWhere('rejection', (line) => line.reportId === reportId && isWarning(line)),
    ).toMatchObject({ code: 'Throttled', reason: 'Device metric minimum delay not met' })
  })

  test.for([
    { behavior: 'garbage', says: /reply.*cannot be read/ },
    { behavior: 'silent', says: undefined },
    { behavior: 'duplicate', says: undefined },
    { behavior: 'unknown-id', says: undefined },
  ] as const)('$behavior: the agent goes on', async ({ behavior, says }, context) => {
    const agent = await startAgent(context, { mode: 'classic' })
    agent.core.faults.setReplies(behavior)
    const { pid } = await agent.state('RUNNING')
    await agent.until('three reports', () => agent.reports[2])
    if (says !== undefined) await agent.logWhere(String(says), ({ message }) => says.test(message))
    agent.core.faults.setReplies('answer')
    const { reportId } = await agent.nextReport()
    await agent.until('report after it', () =>
      agent.reports.find((event) => (event.reportId ?? 0) > (reportId ?? 0)),
    )
    expect(agent.core.componentPid).toBe(pid)
    expect(agent.log.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe.concurrent('offline', () => {
  const start = { bytesIn: 1_000_000, packetsIn: 1_000, bytesOut: 2_000_000, packetsOut: 2_000 }
  /** The counters of the recorded tree, with so much more on ens5. */
  const carry = (tree: AgentTree, bytesIn: number) =>
    tree.write('1/net/dev', netDev({ ens5: { ...start, bytesIn: start.bytesIn + bytesIn } }))
  const carried = (agent: Agent) =>
    agent.reports
      .filter(({ status }) => status === 'ACCEPTED')
      .map(({ report }) => report as { metrics: { network_stats: { bytes_in: number } } })
      .reduce((sum, { metrics }) => sum + metrics.network_stats.bytes_in, 0)

  test.for(['lite', 'classic'] as const)(
    'on %s: all traffic of that time is in the reports that arrive, once',
    async (mode, context) => {
      const tree = copiedTree(context)
      carry(tree, 0)
      const agent = await startAgent(context, { mode, configuration: { ProcPath: tree.path } })
      await agent.nextReport()
      agent.core.faults.setOffline(true)
      carry(tree, 700)
      // Lite refuses at once; classic takes reports into its spool.
      if (mode === 'lite') await agent.logWhere('a report not handed over', isNotHandedOver)
      else await new Promise((resolve) => setTimeout(resolve, 1_500))
      carry(tree, 1_000)
      const before = agent.reports.length
      agent.core.faults.setOffline(false)
      await agent.until('the traffic', () => (carried(agent) >= 1_000 ? true : undefined))
      await agent.nextReport()
      expect(carried(agent)).toBe(1_000)
      expect(agent.reports.length).toBeGreaterThan(before)
      // Report ids only grow.
      const ids = agent.reports.map(({ reportId = 0 }) => reportId)
      expect(ids).toEqual(ids.toSorted((left, right) => left - right))
      expect(new Set(ids).size).toBe(ids.length)
    },
  )

  test('one report of lite is tried again before the next is due', async (context) => {
    const tree = copiedTree(context)
    carry(tree, 0)
    const agent = await startAgent(context, {
      mode: 'lite',
      // The first retry comes after 2.5 to 5 s, which is within this interval.
      configuration: { ProcPath: tree.path, SampleIntervalSeconds: 7, LogLevel: 'debug' },
    })
    await agent.nextReport()
    agent.core.faults.setOffline(true)
    carry(tree, 500)
    await new Promise((resolve) => setTimeout(resolve, 8_000))
    agent.core.faults.setOffline(false)
    await agent.logWhere(
      'a report handed over at the second try',
      ({ tries }) => typeof tries === 'number' && tries > 1,
    )
    await agent.until('the traffic', () => (carried(agent) >= 500 ? true : undefined))
    expect(carried(agent)).toBe(500)
  }, 60_000)

  const isNotHandedOver = ({ message }: { message: string }) => /report not handed over/.test(message)
})
