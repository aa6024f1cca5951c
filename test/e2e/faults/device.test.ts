/** The device itself fails: a stalled process, a broken `/proc`, a full or read-only disk, files of another time. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { violations } from '../../helpers/fault-accounts.ts'
import { eventually, type FaultBench, keepDoing, startBench } from '../../helpers/fault-bench.ts'
import { seededRandom, someTraffic } from '../../helpers/fault-device.ts'

vi.setConfig({ testTimeout: 180_000 })

const run = promisify(execFile)
const STALL_MS = 30_000
/** Of util-linux; mounting takes a privilege that a test may not have. */
const [MOUNT, UNMOUNT] = ['mount', 'umount'] as const
const noMount = mountFault()

describe.concurrent('time', () => {
  test('a stall of 30 seconds while traffic flows: it goes on, no report is made up for, no byte is missing', async (context) => {
    const bench = await startBench(context, { mode: 'lite' })
    const { core, agent, device } = bench
    const pid = core.componentPid
    const random = seededRandom(23)
    core.faults.killComponent('SIGSTOP')
    const before = agent.reports.length
    const stopFlowing = keepDoing(context, () => device.flow(someTraffic(random)), 100)
    await new Promise((resolve) => setTimeout(resolve, STALL_MS))
    expect(agent.reports.length).toBeLessThanOrEqual(before + 1)
    core.faults.killComponent('SIGCONT')
    stopFlowing()
    await bench.untilToldTo('reports')
    await bench.untilToldTo('copies')
    expect(bench.reports().traffic).toEqual(device.carried)
    expect(core.componentPid).toBe(pid)
  })
})

describe.concurrent('one part fails', () => {
  interface Report {
    readonly metrics: Readonly<Record<string, unknown>>
    readonly custom_metrics?: Readonly<Record<string, unknown>>
  }

  test('sockets unreadable (a pipe without a writer), a program that fails: the rest is reported, and it comes back', async (context) => {
    const bench = await startBench(context, {
      mode: 'classic',
      configuration: {
        CustomMetrics: {
          fails: { Type: 'number', Program: ['/bin/sh', '-c', 'exit 3'] },
          hangs: { Type: 'number', Program: ['/bin/sleep', '60'], TimeoutSeconds: 0.1 },
          works: { Type: 'number', Program: ['/bin/echo', '7'] },
        },
      },
    })
    const { device, agent } = bench
    const random = seededRandom(29)
    await run('mkfifo', [join(device.procPath, '1/net/pipe')])
    await run('mv', [join(device.procPath, '1/net/pipe'), join(device.procPath, '1/net/tcp')])
    const { report } = await agent.reportWhere(
      'report without sockets',
      ({ report: each }) => !Object.hasOwn((each as Report).metrics, 'listening_tcp_ports'),
    )
    expect(Object.keys((report as Report).metrics).toSorted()).toEqual([
      'listening_udp_ports',
      'network_stats',
    ])
    expect((report as Report).custom_metrics).toEqual({ works: [{ number: 7 }] })
    device.flow(someTraffic(random))
    await bench.untilToldTo('reports')
    expect(
      bench
        .health()
        ?.parts.filter(({ error }) => error !== undefined)
        .map(({ part }) => part)
        .toSorted(),
    ).toEqual(['custom fails', 'custom hangs', 'tcp'])
    device.listen([])
    await agent.reportWhere(
      'report with sockets again',
      (event) =>
        event !== undefined &&
        agent.reports.indexOf(event) > agent.reports.findIndex((each) => each.report === report) &&
        Object.hasOwn((event.report as Report).metrics, 'listening_tcp_ports'),
    )
    expect(agent.log.filter(({ part }) => part === 'tcp')).toHaveLength(1)
    await agent.logWhere('that it is back', ({ message }) => message === 'metrics from tcp are back')
  })
})

describe.concurrent('the disk', () => {
  test('full for a while (no file may grow): it goes on from memory, says so once, and is safe again later', async (context) => {
    const bench = await startBench(context, { mode: 'classic' })
    const { core, agent, device } = bench
    const random = seededRandom(31)
    const pid = core.componentPid ?? 0
    const lines = (text: string) => agent.log.filter(({ message }) => message === text)
    // setrlimit(2): a write beyond RLIMIT_FSIZE fails with EFBIG, as one on a full disk does with ENOSPC; anyone may do that.
    await run('prlimit', ['--pid', String(pid), '--fsize=0:'])
    const expected = await goOn(bench, random)
    expect(lines('state cannot be stored; going on from memory')).toHaveLength(1)
    await run('prlimit', ['--pid', String(pid), '--fsize=unlimited:'])
    await agent.logWhere('that it is stored again', ({ message }) => message === 'state is stored again')
    expected.push(...(await bench.alarmRounds(20_100, (events) => events < 2)))
    await endsExactly(bench, expected)
    expect(device.carried).toEqual(bench.reports().traffic)
    expect(core.componentPid).toBe(pid)
  })

  test.skipIf(noMount !== undefined)(
    `really full, a small file system (${noMount ?? 'a mounted tmpfs'}): the same`,
    async (context) => {
      const directory = mkdtempSync(join(tmpdir(), 'small-'))
      mount(directory)
      context.onTestFinished(() => {
        unmount(directory)
        rmdirSync(directory)
      })
      writeFileSync(join(directory, 'ballast'), Buffer.alloc(60 * 1024))
      const bench = await startBench(context, { mode: 'lite', configuration: { StateDirectory: directory } })
      const random = seededRandom(37)
      for (let round = 0; round < 20; round += 1) {
        bench.device.flow(someTraffic(random))
        await bench.agent.nextReport()
      }
      await bench.untilToldTo('reports')
      expect(bench.reports().traffic).toEqual(bench.device.carried)
      expect(bench.agent.log.filter(({ message }) => /state cannot be stored/.test(message))).toHaveLength(1)
    },
  )

  test('a state directory that cannot be made: it runs from memory, and says so', async (context) => {
    const bench = await startBench(context, {
      mode: 'lite',
      configuration: { StateDirectory: '/dev/null/state' },
    })
    const { agent, device } = bench
    device.flow(someTraffic(seededRandom(41)))
    await bench.untilToldTo('reports')
    await bench.untilToldTo('copies')
    expect(bench.reports().traffic).toEqual(device.carried)
    expect(agent.log.filter(({ message }) => /state cannot be stored/.test(message))).toHaveLength(1)
  })

  const at = (version: number, state: unknown) => {
    const text = JSON.stringify(state)
    return `{"version":${version},"crc32":${crc32(text)},"state":${text}}\n`
  }
  const files: { name: string; text: string; says: RegExp }[] = [
    { name: 'damaged', text: '{"version":1,"crc32":1,"state":{"lastRepo', says: /JSON/ },
    { name: 'with a flipped digit', text: at(1, { lastReportId: 5 }).replace(':5', ':6'), says: /crc32/ },
    { name: "a newer version's", text: at(99, { something: 'else' }), says: /99 is newer/ },
    { name: "an older version's", text: at(0, { lastReport: 5 }), says: /no lastReportId/ },
    { name: 'of another program', text: 'hello', says: /JSON/ },
  ]
  test.for(files)(
    'a state file $name is set aside, and the agent begins anew',
    async ({ text, says }, context) => {
      const bench = await startBench(context, { mode: 'classic', runsComponent: false })
      const { device, agent, stateDirectory } = bench
      writeFileSync(join(stateDirectory, 'state.json'), text)
      const life = bench.start()
      await agent.nextReport()
      const said = life.text.split('\n').find((line) => line.includes('state not usable'))
      expect(JSON.parse(said ?? '{}')).toMatchObject({ level: 'warn', reason: expect.stringMatching(says) })
      const aside = readdirSync(stateDirectory).filter((name) => name.startsWith('state.json.set-aside'))
      expect(aside.map((name) => readFileSync(join(stateDirectory, name), 'utf8'))).toEqual([text])
      device.flow(someTraffic(seededRandom(43)))
      await bench.untilToldTo('reports')
      await life.end('SIGTERM')
      expect(bench.reports().traffic).toEqual(device.carried)
    },
  )

  test('damaged outbox and history: set aside, and the agent goes on', async (context) => {
    const bench = await startBench(context, { mode: 'lite', runsComponent: false })
    const { device, agent, stateDirectory, core } = bench
    const random = seededRandom(47)
    let life = bench.start()
    await agent.nextReport()
    core.faults.setOffline(true)
    await bench.alarmRounds(20_000, (events) => events < 2)
    await life.end('SIGKILL')
    for (const folder of ['outbox', 'history']) {
      for (const name of readdirSync(join(stateDirectory, folder))) {
        writeFileSync(join(stateDirectory, folder, name), 'not what was written')
      }
    }
    mkdirSync(join(stateDirectory, 'outbox', 'a folder'))
    core.faults.setOffline(false)
    life = bench.start()
    device.flow(someTraffic(random))
    await bench.untilToldTo('reports')
    const expected = await bench.alarmRounds(20_100, (events) => events < 2)
    await eventually('the new alarms', () =>
      violations(agent.messages).events.length >= 2 ? true : undefined,
    )
    expect(violations(agent.messages).events.slice(-2)).toEqual(expected)
    await life.end('SIGTERM')
  })
})

/** Traffic and alarms for a while; they are seen to arrive, as there is no file to tell of them. */
async function goOn(bench: FaultBench, random: () => number): Promise<string[]> {
  const { device, agent } = bench
  const expected: string[] = []
  const untilTold = () =>
    eventually(`event ${expected.length}`, () =>
      violations(agent.messages).events.length >= expected.length ? true : undefined,
    )
  for (let port = 20_000; port < 20_003; port += 1) {
    device.flow(someTraffic(random))
    device.listen([port])
    expected.push(`in-alarm ${port}`)
    await untilTold()
    device.listen([])
    expected.push('alarm-cleared')
    await untilTold()
  }
  return expected
}

async function endsExactly(bench: FaultBench, expected: readonly string[]): Promise<void> {
  await bench.untilToldTo('reports')
  await bench.untilToldTo('copies')
  await eventually('all alarms', () =>
    violations(bench.agent.messages).events.length >= expected.length ? true : undefined,
  )
  expect(violations(bench.agent.messages)).toEqual({ events: expected, repeated: 0 })
}

function mount(directory: string): void {
  execFileSync(MOUNT, ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'pipe' })
}

function unmount(directory: string): void {
  execFileSync(UNMOUNT, ['-l', directory])
}

/** Why no file system can be mounted here; undefined when one can. */
function mountFault(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'mount-'))
  try {
    mount(directory)
    unmount(directory)
    return undefined
  } catch (error) {
    return `not permitted here: ${(error as Error).message.trim().split('\n').at(-1)}`
  } finally {
    rmdirSync(directory)
  }
}
