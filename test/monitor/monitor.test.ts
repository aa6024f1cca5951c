/** The whole agent on a manual clock, with a nucleus and a disk in memory and a `/proc` made by the test. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ConfigRefused, runMonitor } from '../../src/monitor/monitor.ts'
import { NeedsRestart } from '../../src/monitor/nucleus-link.ts'
import { FakeDisk, FakeNucleus, fakePorts } from '../helpers/fake-ports.ts'
import { arrived } from '../helpers/fault-accounts.ts'
import { FaultDevice } from '../helpers/fault-device.ts'
import { ManualClock, settle } from '../helpers/manual-clock.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const INTERVAL = 5 * MINUTE

const bytesOutProfile = (bytes: number) => ({
  traffic: {
    behaviors: [
      {
        name: 'BytesOut',
        metric: 'aws:all-bytes-out',
        criteria: { comparisonOperator: 'less-than', value: { count: bytes }, durationSeconds: 300 },
      },
    ],
  },
})

let clock: ManualClock
let nucleus: FakeNucleus
let disk: FakeDisk
let device: FaultDevice
let running: Process[]

beforeEach(() => {
  clock = new ManualClock()
  nucleus = new FakeNucleus()
  disk = new FakeDisk()
  device = new FaultDevice({ onTestFinished })
  running = []
  configure({})
})

afterEach(async () => {
  for (const process of running) await process.stop()
})

const configure = (configuration: Readonly<Record<string, unknown>>) => {
  nucleus.configuration = { ProcPath: device.procPath, HealthIntervalSeconds: 0, ...configuration }
}

class Process {
  readonly ports: ReturnType<typeof fakePorts>
  /** How it ended: with an error, or `ended`. */
  end: unknown
  readonly #controller = new AbortController()
  readonly #done: Promise<void>

  constructor(readCustomMetric?: Parameters<typeof fakePorts>[0]['readCustomMetric']) {
    this.ports = fakePorts({ clock, nucleus, disk, ...(readCustomMetric && { readCustomMetric }) })
    running.push(this)
    this.#done = runMonitor(this.ports, 'core-1', this.#controller.signal).then(
      () => {
        this.end = 'ended'
      },
      (error) => {
        this.end = error
      },
    )
  }

  said(text: RegExp) {
    return this.ports.log.entries.filter(({ message }) => text.test(message))
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await clock.advance(1)
    await this.#done
  }
}

/** Lets time pass in steps, so that what is due is done, with a turn of the event loop for each. */
async function pass(ms: number, stepMs = 15 * SECOND): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clock.advance(Math.min(stepMs, ms - passed))
    for (let turn = 0; turn < 8; turn += 1) await settle()
  }
}

const reports = () => nucleus.takenOn('/defender/metrics/json')
const told = () => arrived(reports(), Number.MAX_SAFE_INTEGER)
const violations = () =>
  (nucleus.takenOn('/violations') as { violationEventType: string }[]).map((each) => each.violationEventType)

describe('the start', () => {
  test('reports at the interval, once it has said RUNNING', async () => {
    const agent = new Process()
    await pass(SECOND)
    expect(nucleus.states).toEqual(['RUNNING'])
    expect(agent.said(/^running$/)).toHaveLength(1)
    await pass(3 * INTERVAL)
    expect(reports()).toHaveLength(3)
  })

  test('a configuration that will not do: ERRORED, and the end with every fault', async () => {
    configure({ SampleIntervalSeconds: -1, Nonsense: true })
    const agent = new Process()
    await pass(SECOND)
    expect(nucleus.states).toEqual(['ERRORED'])
    expect(agent.end).toBeInstanceOf(ConfigRefused)
    expect(String(agent.end)).toMatch(/Nonsense: is not a known.*\n.*SampleIntervalSeconds: -1 is below/)
  })

  test('a nucleus that is lost before it has given the configuration is asked again', async () => {
    nucleus.failingReads = 2
    const agent = new Process()
    await pass(MINUTE)
    expect(nucleus.states).toEqual(['RUNNING'])
    expect(nucleus.connectCount).toBe(3)
    expect(agent.end).toBeUndefined()
  })

  test('another agent in the state directory is waited for, also while the nucleus goes away', async () => {
    disk.isHeld = true
    const agent = new Process()
    await pass(MINUTE)
    expect(nucleus.states).toEqual([])
    nucleus.disconnect()
    await pass(MINUTE)
    expect(nucleus.connectCount).toBe(2)
    disk.isHeld = false
    await pass(MINUTE)
    expect(nucleus.states).toEqual(['RUNNING'])
    expect(nucleus.isSubscribed).toBe(true)
    expect(agent.end).toBeUndefined()
  })

  test('another agent in the state directory holds up no end', async () => {
    disk.isHeld = true
    const agent = new Process()
    await pass(SECOND)
    await agent.stop()
    expect(agent.end).toBe('ended')
  })

  test('the state tells at once that the agent runs, and at the end that it has ended', async () => {
    const first = new Process()
    await pass(SECOND)
    expect(disk.lastHealth).toMatchObject({ stateIntervalSeconds: 300 })
    expect(disk.lastHealth).not.toHaveProperty('hasEnded')
    await first.stop()
    expect(disk.lastHealth).toMatchObject({ hasEnded: true })
    new Process()
    await pass(SECOND)
    expect(disk.lastHealth).not.toHaveProperty('hasEnded')
  })

  test.each([
    { of: 'a schedule alone', configuration: { Schedule: '0 3 * * *' }, seconds: undefined },
    {
      of: 'a schedule and health messages',
      configuration: { Schedule: '0 3 * * *', HealthIntervalSeconds: 600 },
      seconds: 600,
    },
    {
      of: 'an hourly report, more often health',
      configuration: { SampleIntervalSeconds: 3_600, HealthIntervalSeconds: 60 },
      seconds: 60,
    },
  ])('how often the state is written, of $of', async ({ configuration, seconds }) => {
    configure(configuration)
    new Process()
    await pass(SECOND)
    expect(disk.lastHealth?.stateIntervalSeconds).toBe(seconds)
  })

  test('a token that is refused at once: it ends after three tries, within seconds', async () => {
    nucleus.connectFails = ['refused', 'refused', 'refused']
    const agent = new Process()
    await pass(10 * SECOND, SECOND)
    expect(agent.end).toBeInstanceOf(NeedsRestart)
    expect(nucleus.connectCount).toBe(3)
  })

  test('a nucleus that is not there yet is waited for, and no start is spent on it before its time', async () => {
    nucleus.connectFails = Array(1_000).fill('disconnected')
    const agent = new Process()
    await pass(20 * MINUTE)
    expect(agent.end).toBeUndefined()
    await pass(5 * MINUTE)
    expect(agent.end).toBeInstanceOf(NeedsRestart)
    expect(agent.said(/connection to the nucleus failed/)).toHaveLength(1)
  })
})

describe('the nucleus', () => {
  test('forgets the process: it ends as long as the hour allows another start, then waits', async () => {
    for (let start = 1; start <= 2; start += 1) {
      const agent = new Process()
      await pass(INTERVAL)
      nucleus.connectFails = Array(3).fill('refused')
      nucleus.disconnect()
      await pass(MINUTE, SECOND)
      expect(agent.end).toBeInstanceOf(NeedsRestart)
    }
    const third = new Process()
    await pass(INTERVAL)
    nucleus.connectFails = Array(1_000).fill('refused')
    nucleus.disconnect()
    await pass(30 * MINUTE)
    expect(third.end).toBeUndefined()
    expect(third.said(/too many starts/)).toHaveLength(1)
    // The first of the three was an hour ago.
    await pass(20 * MINUTE)
    expect(third.end).toBeInstanceOf(NeedsRestart)
  })

  test('is away for a while: connected anew, subscribed anew, and traffic of that time is told', async () => {
    new Process()
    await pass(INTERVAL + SECOND)
    nucleus.connectFails = Array(4).fill('disconnected')
    nucleus.disconnect()
    device.flow({ bytesIn: 10, packetsIn: 1, bytesOut: 20, packetsOut: 2 })
    expect(nucleus.isSubscribed).toBe(false)
    await pass(2 * INTERVAL)
    expect(nucleus.isSubscribed).toBe(true)
    expect(told().traffic).toEqual(device.carried)
  })

  test('is away for more than five minutes: the process is started anew, in case the socket is another one', async () => {
    const agent = new Process()
    await pass(INTERVAL + SECOND)
    nucleus.connectFails = Array(1_000).fill('disconnected')
    nucleus.disconnect()
    await pass(4 * MINUTE)
    expect(agent.end).toBeUndefined()
    await pass(3 * MINUTE)
    expect(agent.end).toBeInstanceOf(NeedsRestart)
  })

  test('a report is not told again in the next when no answer came at first, and a refusal later', async () => {
    configure({ PublishRetryCount: 3 })
    new Process()
    await pass(INTERVAL)
    device.flow({ bytesIn: 10, packetsIn: 1, bytesOut: 20, packetsOut: 2 })
    const fates = ['taken, no answer', 'service', 'service'] as const
    let tries = 0
    nucleus.fateOf = () => fates[tries++] ?? 'taken'
    await pass(3 * INTERVAL)
    expect(tries).toBeGreaterThan(3)
    expect(told().traffic).toEqual(device.carried)
    expect(told().repeated).toBeGreaterThan(0)
  })

  test('a rejection that comes between two tries settles it: the second try is not made', async () => {
    configure({ PublishRetryCount: 3 })
    new Process()
    await pass(INTERVAL)
    device.flow({ bytesIn: 10, packetsIn: 1, bytesOut: 20, packetsOut: 2 })
    let isFirst = true
    nucleus.fateOf = () => (isFirst ? 'taken, no answer' : 'taken')
    nucleus.onTaken = ({ topic, payload }) => {
      if (!isFirst || !topic.startsWith('$aws/')) return
      isFirst = false
      nucleus.deliver(`${topic}/rejected`, {
        thingName: 'core-1',
        reportId: JSON.parse(Buffer.from(payload).toString()).header.report_id,
        status: 'REJECTED',
        statusDetails: { ErrorCode: 'InvalidPayload', ErrorMessage: 'no' },
      })
    }
    const before = reports().length
    await pass(2 * INTERVAL, SECOND)
    // The rejected one, then one that tells its traffic; never the rejected one again.
    const [rejected, ...later] = reports().slice(before) as { header: { report_id: number } }[]
    expect(later.map(({ header }) => header.report_id)).not.toContain(rejected?.header.report_id)
    expect(arrived(later, Number.MAX_SAFE_INTEGER).traffic).toEqual(device.carried)
  })
})

describe('the clock', () => {
  test.each([
    { name: 'back one day', byMs: -DAY },
    { name: 'ahead one day', byMs: DAY },
    { name: 'to 1970', byMs: -Date.UTC(2026, 0, 15) },
  ])('is set $name: reports keep their pace, ids grow, traffic is told once', async ({ byMs }) => {
    const agent = new Process()
    await pass(2 * INTERVAL)
    clock.step(byMs)
    device.flow({ bytesIn: 10, packetsIn: 1, bytesOut: 20, packetsOut: 2 })
    await pass(4 * INTERVAL)
    expect(reports()).toHaveLength(6)
    expect(told()).toMatchObject({ traffic: device.carried, repeated: 0 }) // and ids grow
    await agent.stop()
    // A new process, with the clock still wrong.
    device.flow({ bytesIn: 5, packetsIn: 1, bytesOut: 7, packetsOut: 1 })
    new Process()
    await pass(2 * INTERVAL)
    expect(told()).toMatchObject({ traffic: device.carried, repeated: 0 })
  })

  test('is set back one day during an alarm: it is neither forgotten nor raised anew', async () => {
    configure({ SecurityProfiles: bytesOutProfile(1_000) })
    new Process()
    await pass(2 * INTERVAL)
    device.flow({ bytesIn: 1, packetsIn: 1, bytesOut: 5_000, packetsOut: 5 })
    await pass(INTERVAL)
    expect(violations()).toEqual(['in-alarm'])
    clock.step(-DAY)
    device.flow({ bytesIn: 1, packetsIn: 1, bytesOut: 5_000, packetsOut: 5 })
    await pass(INTERVAL / 2)
    expect(violations()).toEqual(['in-alarm'])
    await pass(3 * INTERVAL)
    expect(violations()).toEqual(['in-alarm', 'alarm-cleared'])
  })
})

describe('Edge Detect', () => {
  test('traffic of a long interruption raises no alarm, and is reported all the same', async () => {
    configure({ SecurityProfiles: bytesOutProfile(1_000) })
    const former = new Process()
    await pass(3 * INTERVAL)
    await former.stop()
    device.flow({ bytesIn: 1, packetsIn: 1, bytesOut: 500_000, packetsOut: 500 })
    clock.pass(DAY)
    new Process()
    await pass(3 * INTERVAL)
    expect(violations()).toEqual([])
    expect(told().traffic).toEqual(device.carried)
  })

  test('traffic of a short one counts', async () => {
    configure({ SecurityProfiles: bytesOutProfile(1_000) })
    const former = new Process()
    await pass(3 * INTERVAL)
    await former.stop()
    device.flow({ bytesIn: 1, packetsIn: 1, bytesOut: 500_000, packetsOut: 500 })
    clock.pass(20 * SECOND)
    new Process()
    await pass(INTERVAL)
    expect(violations()).toEqual(['in-alarm'])
  })

  test('a program that is slow while samples are taken makes no traffic out of nothing', async () => {
    configure({
      SecurityProfiles: bytesOutProfile(100_000),
      CustomMetrics: { slow: { Type: 'number', Program: ['/bin/slow'], TimeoutSeconds: 60 } },
    })
    new Process(async () => {
      await clock.sleep(40 * SECOND)
      return { type: 'number', number: 1 }
    })
    for (let turn = 0; turn < 60; turn += 1) {
      device.flow({ bytesIn: 1, packetsIn: 1, bytesOut: 100, packetsOut: 1 })
      await pass(15 * SECOND)
    }
    expect(reports().length).toBeGreaterThan(1)
    expect(violations()).toEqual([])
  })
})

describe('silence', () => {
  test('nobody answers: said once after three reports, and nothing is held back', async () => {
    const agent = new Process()
    await pass(10 * INTERVAL)
    expect(agent.said(/nobody answers/)).toHaveLength(1)
    expect(reports()).toHaveLength(10)
  })
})

describe('streams that are switched on later', () => {
  test.each([
    {
      name: 'copies',
      off: {},
      on: { ReportCopyTopic: 'greengrass-defender/{thingName}/reports' },
      topic: '/reports',
    },
    {
      name: 'reports',
      off: { DeviceDefender: false },
      on: { DeviceDefender: true },
      topic: '/defender/metrics/json',
    },
  ])('$name begin with the traffic from then on', async ({ off, on, topic }) => {
    configure(off)
    const former = new Process()
    await pass(2 * INTERVAL)
    device.flow({ bytesIn: 1, packetsIn: 1, bytesOut: 500_000, packetsOut: 500 })
    await pass(2 * INTERVAL)
    await former.stop()
    configure(on)
    new Process()
    device.flow({ bytesIn: 1, packetsIn: 1, bytesOut: 20, packetsOut: 2 })
    await pass(2 * INTERVAL)
    expect(arrived(nucleus.takenOn(topic), 500_000).traffic.bytesOut).toBe(20)
  })
})
