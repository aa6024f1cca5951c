/** The agent as a process of the nucleus: starting, stopping, letting itself be updated, losing its connection. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { type Agent, type Cleanup, startAgent } from '../helpers/agent.ts'
import { agentNode, agentProgram, slowness } from '../helpers/artifact.ts'

vi.setConfig({ testTimeout: 40_000 * slowness })

/** The classic nucleus sends SIGKILL so long after SIGTERM. */
const STOP_MS_MAX = 5_000
/** No report comes by itself during the test. */
const quiet = { SampleIntervalSeconds: 86_400 }

describe.concurrent('SIGTERM', () => {
  interface End {
    readonly exitCode: number | undefined
    readonly tookMs: number
  }

  /** Sends it and waits for the end of the process. */
  async function terminate(agent: Agent): Promise<End> {
    const sentAt = Date.now()
    agent.core.faults.killComponent('SIGTERM')
    for (;;) {
      const end = endAfter(agent, sentAt)
      if (end !== undefined) return end
      if (Date.now() > sentAt + 4 * STOP_MS_MAX) throw new Error(`it does not end:\n${agent.lastEvents()}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  function endAfter({ core, states }: Agent, sentAt: number): End | undefined {
    const event = states.find(({ at, exitCode }) => at >= sentAt && exitCode !== undefined)
    if (event !== undefined) return { exitCode: event.exitCode, tookMs: event.at - sentAt }
    // Classic says nothing of a start script that ends in order; it only has no process any more.
    return core.componentPid === undefined ? { exitCode: 0, tookMs: Date.now() - sentAt } : undefined
  }

  test.for(['classic', 'lite'] as const)(
    'on %s between two reports: exit code 0, at once',
    async (mode, context) => {
      const agent = await startAgent(context, { mode, configuration: quiet })
      await agent.logWhere('running', ({ message }) => message === 'running')
      const { exitCode, tookMs } = await terminate(agent)
      expect(exitCode).toBe(0)
      expect(tookMs).toBeLessThan(STOP_MS_MAX / 2)
      expect(agent.log.find(({ signal }) => signal === 'SIGTERM')).toMatchObject({ message: 'stopping' })
    },
  )

  test('while a report waits for a nucleus that does not answer: exit code 0, in time', async (context) => {
    const agent = await startAgent(context, { mode: 'classic' })
    await agent.state('RUNNING')
    agent.core.faults.setDelayMs(600_000)
    await agent.nextReport()
    const { exitCode, tookMs } = await terminate(agent)
    expect(exitCode).toBe(0)
    expect(tookMs).toBeLessThan(STOP_MS_MAX)
  })

  test('while it starts at a nucleus that does not answer: exit code 0, in time', async (context) => {
    const agent = await startAgent(context, { mode: 'classic', configuration: quiet })
    agent.core.faults.setDelayMs(600_000)
    await agent.state('STARTING')
    // Node itself takes a moment before it hears signals.
    await new Promise((resolve) => setTimeout(resolve, 2_000 * slowness))
    const { exitCode, tookMs } = await terminate(agent)
    expect(exitCode).toBe(0)
    expect(tookMs).toBeLessThan(STOP_MS_MAX)
  })

  test('while a program that gives a metric hangs: exit code 0, and the program is gone', async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'hanging-'))
    context.onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const pidFile = join(directory, 'pid')
    // Quick in the self-check before RUNNING, and hanging in each report after it.
    const script = `test -e ${pidFile} || { : > ${pidFile}; echo 1; exit; }; echo $$ > ${pidFile}; exec sleep 47`
    const agent = await startAgent(context, {
      mode: 'classic',
      configuration: {
        CustomMetrics: { slow: { Type: 'number', Program: ['/bin/sh', '-c', script], TimeoutSeconds: 60 } },
      },
    })
    await agent.state('RUNNING')
    while (readFileSync(pidFile, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 20))
    const pid = Number(readFileSync(pidFile, 'utf8'))
    expect(process.kill(pid, 0)).toBe(true)
    const { exitCode, tookMs } = await terminate(agent)
    expect(exitCode).toBe(0)
    expect(tookMs).toBeLessThan(STOP_MS_MAX)
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('from the nucleus: it ends before the nucleus would kill it', async (context) => {
    const agent = await startAgent(context, { mode: 'classic' })
    await agent.nextReport()
    const startedAt = Date.now()
    await agent.core.stopComponent()
    expect(Date.now() - startedAt).toBeLessThan(STOP_MS_MAX)
    expect(agent.log.filter(({ message }) => message === 'stopping')).toHaveLength(1)
    expect(agent.states.map(({ state }) => state)).toEqual(
      expect.arrayContaining(['STARTING', 'RUNNING', 'STOPPING', 'FINISHED']),
    )
  })
})

describe.concurrent('a component update', () => {
  test('goes on at once between two reports', async (context) => {
    const agent = await startAgent(context, { mode: 'classic', configuration: quiet })
    await agent.state('RUNNING')
    const outcome = await agent.core.announceComponentUpdate()
    expect(outcome).toMatchObject({ kind: 'answered', answer: { recheckAfterMs: 0 } })
  })

  test('waits while a report is on its way', async (context) => {
    const agent = await startAgent(context, { mode: 'classic' })
    await agent.state('RUNNING')
    agent.core.faults.setDelayMs(4_000)
    await agent.nextReport() // taken; the agent waits for the answer
    const outcome = await agent.core.announceComponentUpdate()
    expect(outcome).toMatchObject({ kind: 'answered', answer: { recheckAfterMs: expect.any(Number) } })
    expect(outcome.kind === 'answered' && outcome.answer.recheckAfterMs).toBeGreaterThan(0)
  })

  test('on lite nobody is asked', async (context) => {
    const agent = await startAgent(context, { mode: 'lite', configuration: quiet })
    await agent.logWhere('running', ({ message }) => message === 'running')
    expect(await agent.core.announceComponentUpdate()).toEqual({ kind: 'nobody' })
  })
})

describe.concurrent('started by hand', () => {
  const socket = 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT'
  interface Run {
    readonly stdout: () => string
    readonly terminate: () => void
    readonly exitCode: Promise<number | null>
  }
  function run(cleanup: Cleanup, env: Record<string, string>, args: readonly string[] = []): Run {
    const child = spawn(agentNode, [agentProgram, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    cleanup.onTestFinished(() => void child.kill('SIGKILL'))
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    return {
      stdout: () => stdout,
      terminate: () => child.kill('SIGTERM'),
      exitCode: once(child, 'close').then(([code]) => code),
    }
  }

  test.for([
    { name: 'outside of Greengrass', env: {} },
    { name: 'with an impossible thing name', env: { AWS_IOT_THING_NAME: 'a/b' } },
  ] as const)('$name: exit code 1 and one line', async ({ env }, context) => {
    const { exitCode, stdout } = run(context, env)
    expect(await exitCode).toBe(1)
    const lines = stdout().trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      error: { message: expect.stringMatching(/^AWS_IOT_THING_NAME /) },
    })
  })

  test('without a socket: it waits for one, until SIGTERM', async (context) => {
    const env = { AWS_IOT_THING_NAME: 'core-1', SVCUID: 'token', [socket]: '/nonexistent/ipc.socket' }
    const { exitCode, stdout, terminate } = run(context, env)
    while (!stdout().includes('no such socket')) await new Promise((resolve) => setTimeout(resolve, 20))
    terminate()
    expect(await exitCode).toBe(0)
  })

  test('with a token that is not, or no longer, valid: exit code 1', async (context) => {
    const { core } = await startAgent(context, { mode: 'classic', configuration: quiet })
    const env = { AWS_IOT_THING_NAME: 'core-1', SVCUID: 'stale', [socket]: core.socketPath }
    const { exitCode, stdout } = run(context, env)
    expect(await exitCode).toBe(1)
    expect(stdout()).toMatch(/"level":"error".*does not know this process/)
  })

  test('--version tells the version, and needs nothing', async (context) => {
    const { exitCode, stdout } = run(context, {}, ['--version'])
    expect(await exitCode).toBe(0)
    expect(stdout()).toBe(`${packageFile.version}\n`)
  })
})

test.concurrent.for(['classic', 'lite'] as const)(
  'a lost connection, on %s: reports go on without a restart',
  async (mode, context) => {
    const agent = await startAgent(context, { mode })
    const { reportId: before = 0 } = await agent.nextReport()
    const pid = agent.core.componentPid
    agent.core.faults.disconnect()
    await agent.logWhere('the loss', ({ level, message }) => level === 'warn' && /connection/.test(message))
    const count = agent.reports.length
    const { status, reportId = 0 } = await agent.until('a report after it', () => agent.reports[count])
    expect(status).toBe('ACCEPTED')
    expect(reportId).toBeGreaterThan(before)
    expect(agent.core.componentPid).toBe(pid)
  },
)

/** The emulator has a `/proc/self/stat` of its own, in which processes begin at another instant than others see. */
const isEmulated = slowness > 1
test.skipIf(isEmulated)(
  `two in one state directory: the second waits and says whom for, until the first has ended${isEmulated ? ' (skipped: emulated)' : ''}`,
  async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'shared-'))
    context.onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const options = { mode: 'classic', configuration: { StateDirectory: directory } } as const
    const first = await startAgent(context, options)
    await first.nextReport()
    const second = await startAgent(context, options)
    const line = await second.logWhere('waiting', ({ message }) =>
      message.startsWith('waiting for another agent'),
    )
    expect(line).toMatchObject({ level: 'error', directory, pid: expect.any(Number) })
    await first.nextReport()
    expect(second.reports).toEqual([])
    await first.core.stop()
    await second.nextReport()
    expect(second.log.filter(({ message }) => /damage/.test(message))).toEqual([])
  },
)
