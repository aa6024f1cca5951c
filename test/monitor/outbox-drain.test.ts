import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FaultLog } from '../../src/monitor/fault-log.ts'
import { OutboxDrain } from '../../src/monitor/outbox-drain.ts'
import { FakeDisk, FakeNucleus, type Fate } from '../helpers/fake-ports.ts'
import { ManualClock, settle } from '../helpers/manual-clock.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

let clock: ManualClock
let nucleus: FakeNucleus
let disk: FakeDisk
let log: ReturnType<typeof memoryLog>
let drain: OutboxDrain
let stop: () => Promise<void>
let outbox: ReturnType<FakeDisk['stores']>['outbox']

beforeEach(async () => {
  clock = new ManualClock()
  nucleus = new FakeNucleus()
  disk = new FakeDisk()
  log = memoryLog()
  outbox = disk.stores().outbox
  const core = await nucleus.connect()
  drain = new OutboxDrain({
    outbox,
    publish: (topic, payload) => core.publishToIoTCore(topic, payload),
    clock,
    random: () => 0,
    faults: new FaultLog(log),
  })
  const controller = new AbortController()
  const running = drain.run(controller.signal)
  stop = async () => {
    controller.abort()
    await running
  }
})

afterEach(() => stop())

async function append(...names: string[]): Promise<void> {
  for (const name of names) {
    await outbox.append({ kind: 'violation', topic: `t/${name}`, payload: Buffer.from('{}'), createdAt: 1 })
  }
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += SECOND) {
    await clock.advance(SECOND)
    for (let turn = 0; turn < 20; turn += 1) await settle()
  }
}

const taken = () => nucleus.taken.map(({ topic }) => topic.slice(2))

describe('the drain', () => {
  test('hands over in order, as soon as it is woken', async () => {
    await append('a', 'b', 'c')
    drain.wake()
    await pass(SECOND)
    expect(taken()).toEqual(['a', 'b', 'c'])
    expect(outbox.size().entries).toBe(0)
  })

  test.each(['service', 'timeout', 'disconnected', 'not-connected', 'internal'] as const)(
    'after %s it tries the same one again, with waits that grow to a minute',
    async (fate) => {
      const triesAtMs: number[] = []
      const startMs = clock.monotonicMs()
      nucleus.fateOf = () => {
        triesAtMs.push(Math.round((clock.monotonicMs() - startMs) / SECOND))
        return triesAtMs.length > 8 ? 'taken' : fate
      }
      await append('a', 'b')
      drain.wake()
      await pass(6 * MINUTE)
      expect(triesAtMs.slice(0, 9)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183])
      expect(taken()).toEqual(['a', 'b'])
      expect(log.entries.map(({ level, message }) => `${level} ${message}`)).toEqual([
        'warn messages wait for the nucleus',
        'info messages are handed over again',
      ])
    },
  )

  test.each(['unauthorized', 'too-large'] as const)(
    'a message that is %s is given up, counted and said once, and does not stop the next',
    async (fate) => {
      nucleus.fateOf = (topic) => (topic === 't/bad' ? fate : 'taken')
      await append('a', 'bad', 'b', 'bad', 'c')
      drain.wake()
      await pass(SECOND)
      expect(taken()).toEqual(['a', 'b', 'c'])
      expect(outbox.counters()).toMatchObject({ handedOver: 3, givenUp: 2 })
      expect(log.entries.filter(({ message }) => message === 'message given up')).toHaveLength(1)
    },
  )

  test('one that was taken without an answer is handed over again: twice is better than never', async () => {
    const fates: Fate[] = ['taken, no answer']
    nucleus.fateOf = () => fates.shift() ?? 'taken'
    await append('a', 'b')
    drain.wake()
    await pass(5 * SECOND)
    expect(taken()).toEqual(['a', 'a', 'b'])
  })

  test('a wait ends when there is news', async () => {
    nucleus.fateOf = () => 'service'
    await append('a')
    drain.wake()
    await pass(3 * MINUTE)
    nucleus.fateOf = () => 'taken'
    drain.wake()
    for (let turn = 0; turn < 20; turn += 1) await settle()
    expect(taken()).toEqual(['a'])
  })
})
