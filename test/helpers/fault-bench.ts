/**
 * The built agent on an embedded core and a `FaultDevice`, for tests that hurt it: the core may run the component itself, or the
 * test starts the process, as often as it likes. Unlike `startAgent` this allows what faults bring with them, such as a report
 * that arrives twice.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalCoreEvent } from '../../src/local-core/events.ts'
import { type LocalCore, type LocalCoreOptions, startLocalCore } from '../../src/local-core/local-core.ts'
import type { Health } from '../../src/report/health.ts'
import { Agent, type Cleanup } from './agent.ts'
import { agentNode, agentPath, agentProgram, artifactFolder, checkArtifact, recipePath } from './artifact.ts'
import { arrived, kept, payloadsOn } from './fault-accounts.ts'
import { FaultDevice } from './fault-device.ts'

/** Of two cores on which other tests run too; what goes well takes a few seconds. */
const WAIT_MS = 60_000
const LOOK_MS = 10
/** A disk in memory where there is one: a thousand reports would otherwise wait for ten thousand syncs of a real one. */
const fastDirectory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const THING_NAME = 'core-1'

/** Judged at each look: any listener but SSH's is an alarm, at once, and its absence for one interval clears it. */
const portsProfile = {
  ports: {
    behaviors: [
      {
        name: 'OnlySsh',
        metric: 'aws:listening-tcp-ports',
        criteria: {
          comparisonOperator: 'in-port-set',
          value: { ports: [22] },
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        },
      },
    ],
  },
}

/** What happens within a day happens within a minute. */
const compressed = {
  SampleIntervalSeconds: 0.02,
  LocalSampleIntervalSeconds: 0.05,
  HealthIntervalSeconds: 0,
  ReportCopyTopic: 'greengrass-defender/{thingName}/reports',
  SecurityProfiles: portsProfile,
}

export interface BenchOptions
  extends Pick<LocalCoreOptions, 'mode'>,
    Partial<Pick<LocalCoreOptions, 'environment'>> {
  readonly configuration?: Readonly<Record<string, unknown>>
  /** False: the core is there, and the test starts the agent's process. */
  readonly runsComponent?: boolean
}

export class FaultBench {
  readonly device: FaultDevice
  readonly agent: Agent
  readonly core: LocalCore
  /** The component's work folder, where the agent keeps its state. */
  readonly stateDirectory: string

  constructor(core: LocalCore, agent: Agent, device: FaultDevice, stateDirectory: string) {
    this.core = core
    this.agent = agent
    this.device = device
    this.stateDirectory = stateDirectory
  }

  /** As of the agent's last report or alarm; undefined before the first. */
  health(): Health | undefined {
    try {
      return JSON.parse(readFileSync(join(this.stateDirectory, 'status.json'), 'utf8')) as Health
    } catch {
      return undefined
    }
  }

  /** Waits for the agent to take in all traffic and for Device Defender to have it; fails if it gets more. */
  async untilToldTo(accounts: 'reports' | 'copies' = 'reports'): Promise<void> {
    const { carried } = this.device
    await eventually(`all traffic in ${accounts}`, () => {
      const { traffic } = accounts === 'reports' ? this.reports() : this.copies()
      if (traffic.bytesOut > carried.bytesOut)
        throw new Error(`${traffic.bytesOut} of ${carried.bytesOut} bytes`)
      return traffic.bytesOut === carried.bytesOut && traffic.bytesIn === carried.bytesIn ? true : undefined
    }).catch((error) => {
      const told = accounts === 'reports' ? this.reports() : this.copies()
      throw new Error(
        `${error.message}\ntold ${JSON.stringify(told.traffic)}\nof   ${JSON.stringify(carried)}\n${this.agent.lastEvents()}`,
      )
    })
  }

  reports() {
    return arrived(kept(this.agent.reports), this.device.carried.bytesOut)
  }

  copies() {
    return arrived(payloadsOn(this.agent.messages, '/reports'), this.device.carried.bytesOut)
  }

  /** Opens a port of its own in each round, waits for the alarm, closes it and waits for the end; answers what should be told. */
  async alarmRounds(
    from: number,
    goesOn: (events: number) => boolean,
    between: () => Promise<void> | void = () => {},
    waitMs = WAIT_MS,
  ): Promise<string[]> {
    const expected: string[] = []
    for (let port = from; goesOn(expected.length); port += 1) {
      this.device.listen([port])
      await eventually(`alarm of port ${port}`, () => this.#stateIs('in-alarm'), waitMs)
      this.device.listen([])
      await eventually(`end of the alarm of port ${port}`, () => this.#stateIs('ok'), waitMs)
      expected.push(`in-alarm ${port}`, 'alarm-cleared')
      await between()
    }
    return expected
  }

  #stateIs(state: string): true | undefined {
    return this.health()?.behaviors[0]?.state === state ? true : undefined
  }

  /** Bytes of all that the agent keeps on disk. */
  async stateBytes(): Promise<number> {
    const entries = await readdir(this.stateDirectory, { recursive: true, withFileTypes: true })
    const sizes = entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      )
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  }

  /** A process of the agent's, started as the nucleus would; its output is in `log` only as text. */
  start(environment: Readonly<Record<string, string>> = {}): AgentProcess {
    return new AgentProcess(
      spawn(agentNode, [agentProgram], {
        cwd: this.stateDirectory,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          PATH: process.env.PATH,
          SVCUID: this.core.issueToken(),
          AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: this.core.socketPath,
          AWS_IOT_THING_NAME: THING_NAME,
          ...environment,
        },
      }),
    )
  }
}

export class AgentProcess {
  readonly exited: Promise<unknown>
  readonly #child: ChildProcess
  #text = ''

  constructor(child: ChildProcess) {
    this.#child = child
    this.exited = once(child, 'exit')
    child.stdout?.on('data', (chunk) => {
      this.#text += chunk
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get text(): string {
    return this.#text
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal)
    await this.exited
  }
}

/** Starts a core, and the agent in it unless the test wants to do that. */
export async function startBench(
  cleanup: Cleanup,
  { mode, configuration, environment, runsComponent = true }: BenchOptions,
): Promise<FaultBench> {
  checkArtifact()
  const device = new FaultDevice(cleanup)
  const rootDirectory = await mkdtemp(join(fastDirectory, 'bench-'))
  cleanup.onTestFinished(() => rm(rootDirectory, { recursive: true, force: true }))
  const stateDirectory = join(rootDirectory, 'state')
  await mkdir(stateDirectory)
  const events: LocalCoreEvent[] = []
  const wakeUps = new Set<() => void>()
  const core = await startLocalCore(
    {
      mode,
      recipePath,
      decompressedPath: artifactFolder,
      rootDirectory,
      thingName: THING_NAME,
      restartDelayMs: 10,
      environment: { PATH: agentPath, ...environment },
      configuration: {
        ...compressed,
        ProcPath: device.procPath,
        StateDirectory: stateDirectory,
        ...configuration,
      },
    },
    (event) => {
      events.push(event)
      for (const wake of [...wakeUps]) wake()
    },
  )
  cleanup.onTestFinished(() => core.stop())
  const bench = new FaultBench(core, new Agent(core, events, wakeUps), device, stateDirectory)
  if (runsComponent) {
    await core.startComponent()
    await bench.agent.nextReport()
  }
  return bench
}

/** What `find` finds, now or soon. */
export async function eventually<T>(what: string, find: () => T | undefined, waitMs = WAIT_MS): Promise<T> {
  const endMs = performance.now() + waitMs
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    if (performance.now() > endMs) throw new Error(`no ${what} within ${waitMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Resident memory of a process in bytes, proc_pid_status(5). */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) * 1024
}

/** Open files, sockets and timers' descriptors of a process. */
export const handleCount = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length

/** Does something every few milliseconds until it is told to stop, at the latest when the test ends. */
export function keepDoing(cleanup: Cleanup, action: () => void, everyMs: number): () => void {
  const timer = setInterval(action, everyMs)
  const stop = () => clearInterval(timer)
  cleanup.onTestFinished(stop)
  return stop
}
