import { describe, expect, test } from 'vitest'
import { IpcError, type IpcErrorCode } from '../../src/ipc/core-client.ts'
import { publishWithRetries } from '../../src/monitor/publish.ts'
import { ManualClock, settle } from '../helpers/manual-clock.ts'

const TOPIC = '$aws/things/core-1/defender/metrics/json'
const PAYLOAD = Buffer.from('{}')

/** Fails with each code in turn, then takes everything. */
function nucleus(...codes: readonly (IpcErrorCode | 'bug')[]) {
  const triesAtMs: number[] = []
  const clock = new ManualClock()
  const startMs = clock.monotonicMs()
  const core = {
    publishToIoTCore: async (topic: string, payload: Uint8Array) => {
      expect([topic, payload]).toEqual([TOPIC, PAYLOAD])
      triesAtMs.push(clock.monotonicMs() - startMs)
      const code = codes[triesAtMs.length - 1]
      if (code === 'bug') throw new TypeError('a bug')
      if (code !== undefined) throw new IpcError(code, 'PublishToIoTCore', `failure ${triesAtMs.length}`)
    },
  }
  return { core, clock, triesAtMs, random: () => 0 }
}

const options = { retryCount: 5, withinMs: 240_000 }
const offline = (times: number) => new Array<IpcErrorCode>(times).fill('service')

const cases: {
  name: string
  fails: readonly (IpcErrorCode | 'bug')[]
  options?: Partial<typeof options>
  outcome: object
  /** When each try was made, in seconds. */
  tries: number[]
}[] = [
  { name: 'taken at once', fails: [], outcome: { kind: 'handed-over', tries: 1 }, tries: [0] },
  {
    name: 'offline for a while: waits 5 s, doubles, up to a minute',
    fails: offline(5),
    outcome: { kind: 'handed-over', tries: 6 },
    tries: [0, 5, 15, 35, 75, 135],
  },
  {
    name: 'a time-out is tried again',
    fails: ['timeout'],
    outcome: { kind: 'handed-over', tries: 2 },
    tries: [0, 5],
  },
  {
    name: 'no more tries than allowed',
    fails: offline(99),
    options: { retryCount: 2 },
    outcome: {
      kind: 'given-up',
      tries: 3,
      error: { code: 'service', message: /failure 3/ },
      mayHaveBeenTaken: false,
    },
    tries: [0, 5, 15],
  },
  {
    name: 'no answer, then a refusal: the nucleus may have it all the same',
    fails: ['timeout', 'unauthorized'],
    outcome: {
      kind: 'given-up',
      tries: 2,
      error: { code: 'unauthorized', message: /failure 2/ },
      mayHaveBeenTaken: true,
    },
    tries: [0, 5],
  },
  {
    name: 'no tries but the first when none is allowed',
    fails: offline(99),
    options: { retryCount: 0 },
    outcome: { kind: 'given-up', tries: 1 },
    tries: [0],
  },
  {
    name: 'no try after the time that the report has',
    fails: offline(99),
    options: { retryCount: 72, withinMs: 60_000 },
    outcome: { kind: 'given-up', tries: 4 },
    tries: [0, 5, 15, 35],
  },
  ...(
    ['unauthorized', 'too-large', 'disconnected', 'unsupported', 'not-found', 'internal', 'bug'] as const
  ).map((code) => ({
    name: `${code} does not pass by waiting`,
    fails: [code],
    outcome: { kind: 'given-up', tries: 1 },
    tries: [0],
  })),
]

describe('tries', () => {
  test.each(cases)('$name', async ({ fails, options: own, outcome, tries }) => {
    const { triesAtMs, ...ports } = nucleus(...fails)
    const signal = new AbortController().signal
    const publishing = publishWithRetries(ports, TOPIC, PAYLOAD, { ...options, ...own, signal })
    await ports.clock.advance(600_000)
    const result = await publishing
    const { error, ...rest } = outcome as { error?: { code: string; message: RegExp } }
    expect(result).toMatchObject(rest)
    if (error !== undefined) {
      expect(result).toMatchObject({
        error: { code: error.code, message: expect.stringMatching(error.message) },
      })
    }
    expect(triesAtMs.map((ms) => ms / 1000)).toEqual(tries)
  })

  test('chance takes away up to half of each wait', async () => {
    const { triesAtMs, ...ports } = nucleus(...offline(2))
    const signal = new AbortController().signal
    const publishing = publishWithRetries({ ...ports, random: () => 0.999_999 }, TOPIC, PAYLOAD, {
      ...options,
      signal,
    })
    await ports.clock.advance(60_000)
    await publishing
    expect(triesAtMs.map((ms) => Math.round(ms / 100) / 10)).toEqual([0, 2.5, 7.5])
  })
})

test('the signal ends the wait, and the report gets one last try', async () => {
  const { triesAtMs, ...ports } = nucleus(...offline(9))
  const controller = new AbortController()
  const publishing = publishWithRetries(ports, TOPIC, PAYLOAD, { ...options, signal: controller.signal })
  await settle()
  expect(ports.clock.sleeperCount).toBe(1)
  controller.abort()
  const outcome = await publishing
  expect(outcome).toMatchObject({ kind: 'given-up' })
  expect(triesAtMs).toEqual([0, 0])
})
