/** The agent's parameters: bad ones at the start and in a deployment, good ones that take effect at run time. */
import { describe, expect, test, vi } from 'vitest'
import { type Agent, startAgent } from '../helpers/agent.ts'
import { copiedTree } from '../helpers/agent-tree.ts'
import { slowness } from '../helpers/artifact.ts'

vi.setConfig({ testTimeout: 40_000 * slowness })

const bad = {
  SampleIntervalSeconds: 0,
  Schedule: '61 * * * *',
  ReportFormat: 'xml',
  ReportCopyTopik: 'a/b',
  Interfaces: { Deny: ['eth 0'] },
  CustomMetrics: { battery: { Type: 'number' } },
}
/** Path, value, and what would do, for each. */
const faults = [
  /^SampleIntervalSeconds: 0 is below 0\.01, the least it can be$/m,
  /^Schedule: "61 \* \* \* \*" .*minute/m,
  /^ReportFormat: "xml" .*json or cbor/m,
  /^ReportCopyTopik: is not a known parameter; did you mean ReportCopyTopic\?$/m,
  /^Interfaces\.Deny\[0\]: "eth 0" /m,
  /^CustomMetrics\.battery: .*neither File nor Program/m,
]

function expectAllFaults(text: unknown): void {
  for (const fault of faults) expect(text).toMatch(fault)
  expect(String(text).split('\n')).toHaveLength(faults.length)
}

const isShort = (report: unknown) => Object.hasOwn(report as object, 'hed')
const restartsOf = (agent: Agent) => agent.states.filter(({ state }) => state === 'STARTING').length - 1

describe.concurrent('a bad configuration at the start', () => {
  test.for(['classic', 'lite'] as const)(
    'on %s: no report, every fault at once, in the end BROKEN',
    async (mode, context) => {
      const agent = await startAgent(context, { mode, configuration: bad })
      await agent.state('BROKEN')
      expect(agent.states.map(({ state }) => state).filter((state) => state === 'ERRORED')).toHaveLength(3)
      // Classic takes the component's own word for it, lite has its exit code.
      if (mode === 'lite') expect((await agent.state('ERRORED')).exitCode).toBe(1)
      else {
        expect((await agent.state('ERRORED')).reason).toMatch(/reported ERRORED|exited with 1/)
        expect(agent.states.map(({ state }) => state)).not.toContain('RUNNING')
      }
      const lines = agent.log.filter(({ level }) => level === 'error')
      expect(lines).toHaveLength(3)
      for (const line of lines) expectAllFaults(line.faults)
      expect(agent.reports).toEqual([])
    },
  )

  test('nothing to measure: the self-check fails before RUNNING, and says why', async (context) => {
    const agent = await startAgent(context, {
      mode: 'classic',
      configuration: { ProcPath: '/nonexistent' },
    })
    await agent.state('BROKEN')
    expect(agent.states.map(({ state }) => state)).not.toContain('RUNNING')
    expect(agent.states.find(({ state }) => state === 'ERRORED')).toMatchObject({ exitCode: 1 })
    await agent.logWhere('the missing file', ({ error }) =>
      /net\/tcp: ENOENT/.test((error as { message: string } | undefined)?.message ?? ''),
    )
  })
})

describe.concurrent('a deployment of a bad configuration', () => {
  test('classic: is rejected with the reasons; nothing changes', async (context) => {
    const agent = await startAgent(context, { mode: 'classic' })
    const { pid } = await agent.state('RUNNING')
    expect(await agent.core.updateConfiguration(bad)).toBe('rejected')
    const { status } = await agent.nextReport()
    expect(status).toBe('ACCEPTED')
    expect(agent.core.componentPid).toBe(pid)
    expect(restartsOf(agent)).toBe(0)
  })

  test('lite, which asks nobody: the old one stays in force, and the log says why', async (context) => {
    const agent = await startAgent(context, {
      mode: 'lite',
      configuration: { FieldNames: 'short' },
      configurationRestartDelayMs: 600_000,
    })
    await agent.nextReport()
    expect(await agent.core.updateConfiguration({ ...bad, FieldNames: 'long' })).toBe('applied')
    const { level, faults: text } = await agent.logWhere('refusal', (line) => 'faults' in line)
    expect(level).toBe('error')
    expectAllFaults(text)
    const { report } = await agent.nextReport()
    expect(isShort(report)).toBe(true)
    // A good one ends it.
    await agent.core.updateConfiguration(
      { SampleIntervalSeconds: 0.5 },
      Object.keys(bad).map((name) => `/${name}`),
    )
    await agent.reportWhere('long names', (event) => !isShort(event.report))
    expect(restartsOf(agent)).toBe(0)
  })

  test('one that asks for more than is permitted: reports go on, the log says what is missing', async (context) => {
    const agent = await startAgent(context, { mode: 'classic', isDenialMeant: true })
    await agent.nextReport()
    const policy = 'community.greengrass.DeviceDefender:mqtt:subscribe'
    const resources = ['json/accepted', 'json/rejected'].map((end) => `$aws/things/*/defender/metrics/${end}`)
    const accessControl = { 'aws.greengrass.ipc.mqttproxy': { [policy]: { resources } } }
    expect(await agent.core.updateConfiguration({ ReportFormat: 'cbor', accessControl })).toBe('applied')
    const { topic, error } = await agent.logWhere('what is missing', ({ level }) => level === 'error')
    expect(topic).toMatch(/\/cbor\/accepted$/)
    expect(error).toMatchObject({ code: 'unauthorized' })
    const { status } = await agent.reportWhere('report in CBOR', ({ format }) => format === 'cbor')
    expect(status).toBe('ACCEPTED')
    expect(restartsOf(agent)).toBe(0)
  })
})

describe.concurrent('a deployment of a good configuration', () => {
  test('classic: takes effect without a restart', async (context) => {
    const tree = copiedTree(context)
    const agent = await startAgent(context, {
      mode: 'classic',
      configuration: { SampleIntervalSeconds: 86_400 },
    })
    const { pid } = await agent.state('RUNNING')
    expect(
      await agent.core.updateConfiguration({
        SampleIntervalSeconds: 1,
        ReportFormat: 'cbor',
        FieldNames: 'short',
        ProcPath: tree.path,
        LogLevel: 'debug',
      }),
    ).toBe('applied')
    const { status, format, report } = await agent.nextReport()
    expect({ status, format }).toEqual({ status: 'ACCEPTED', format: 'cbor' })
    expect(report).toMatchObject({ met: { tp: { t: 3 } } })
    await agent.logWhere('a line for debugging', ({ level }) => level === 'debug')
    expect(agent.core.componentPid).toBe(pid)
    expect(restartsOf(agent)).toBe(0)
  })

  test('lite: takes effect at once, and after the restart that lite makes', async (context) => {
    const agent = await startAgent(context, { mode: 'lite', configurationRestartDelayMs: 3_000 * slowness })
    const { pid } = await agent.state('RUNNING')
    // On lite that says no more than that there is a process.
    await agent.nextReport()
    await agent.core.updateConfiguration({ FieldNames: 'short' })
    await agent.reportWhere('short names', ({ report }) => isShort(report))
    expect(agent.core.componentPid).toBe(pid)
    await agent.state('RUNNING', 2)
    const { status, report } = await agent.nextReport()
    expect(status).toBe('ACCEPTED')
    expect(isShort(report)).toBe(true)
    expect(agent.states.map(({ state }) => state)).not.toContain('ERRORED')
  })
})

describe.concurrent('when reports are due', () => {
  test('Schedule takes the place of the interval', async (context) => {
    const agent = await startAgent(context, {
      mode: 'classic',
      configuration: { Schedule: '* * * * * *', SampleIntervalSeconds: 300 },
    })
    const first = await agent.nextReport()
    const second = await agent.nextReport()
    // Each second, on the second; some tenths later on a machine under load.
    expect((first.reportId ?? 0) % 1_000).toBeLessThan(900)
    expect((second.reportId ?? 0) - (first.reportId ?? 0)).toBeGreaterThan(500)
    expect(agent.log.find(({ message }) => message === 'running')).toMatchObject({ schedule: '* * * * * *' })
  })

  test('numbers and booleans as text, which is how lite hands them over', async (context) => {
    const agent = await startAgent(context, {
      mode: 'lite',
      configuration: { SampleIntervalSeconds: '0.5', DeviceDefender: 'true', IncludeLoopback: 'false' },
    })
    expect((await agent.nextReport()).status).toBe('ACCEPTED')
  })
})
