/**
 * Reporter and journal together, over a nucleus that does anything and a process that is killed at any write: what flowed is told
 * to Device Defender once, and once on the operator's topic.
 *
 * What cannot be known is left out: a rejection that nobody heard counts as an acceptance, for an account without Detect never
 * answers; and the same report gets the same verdict when it arrives twice.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import type { Message } from '../../src/ipc/core-client.ts'
import type { CounterReading } from '../../src/metrics/counters.ts'
import { FaultLog } from '../../src/monitor/fault-log.ts'
import { HealthRecord } from '../../src/monitor/health-record.ts'
import { Journal } from '../../src/monitor/journal.ts'
import { NucleusLink } from '../../src/monitor/nucleus-link.ts'
import { Reporter } from '../../src/monitor/reporter.ts'
import { makeSetup } from '../../src/monitor/setup.ts'
import { loadCodec } from '../../src/report/codec.ts'
import { parseReply } from '../../src/report/reply.ts'
import { FakeDisk, FakeNucleus, type Fate, fakePorts } from '../helpers/fake-ports.ts'
import { arrived } from '../helpers/fault-accounts.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

const THING = 'core-1'
const INTERVAL_MS = 300_000
const never = new AbortController().signal
const codec = await loadCodec('json')

type Step =
  /** Traffic flows, and a report is due; each publish meets one fate after the other. */
  | { readonly kind: 'report'; readonly bytes: number; readonly fates: readonly Fate[] }
  /** So many replies come, the first of them perhaps twice. */
  | { readonly kind: 'replies'; readonly count: number; readonly isDoubled: boolean }
  /** At that many writes from now, a fraction for one that is not done any more. */
  | { readonly kind: 'kill'; readonly afterWrites: number }
  /** The system's clock is set. */
  | { readonly kind: 'clock'; readonly byMs: number }

const fates: readonly Fate[] = [
  'taken',
  'taken',
  'taken, no answer',
  'timeout',
  'service',
  'disconnected',
  'unauthorized',
]
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      bytes: fc.integer({ min: 0, max: 1_000 }),
      fates: fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('replies' as const),
      count: fc.integer({ min: 1, max: 3 }),
      isDoubled: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      afterWrites: fc.integer({ min: 1, max: 24 }).map((halves) => halves / 2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('clock' as const),
      byMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
    }),
  },
)

/** Device Defender's side: a verdict for each report id, and replies that wait to be heard. */
class Defender {
  readonly accepted: unknown[] = []
  readonly replies: unknown[] = []
  readonly #verdicts = new Map<number, boolean>()
  readonly #rejectsEach: number

  constructor(rejectsEach: number) {
    this.#rejectsEach = rejectsEach
  }

  take({ topic, payload }: Message): void {
    if (!topic.startsWith('$aws/things/')) return
    const report = JSON.parse(Buffer.from(payload).toString())
    const reportId: number = report.header.report_id
    const isAccepted = this.#verdicts.get(reportId) ?? (this.#verdicts.size + 1) % this.#rejectsEach !== 0
    this.#verdicts.set(reportId, isAccepted)
    if (isAccepted) this.accepted.push(report)
    this.replies.push({
      thingName: THING,
      reportId,
      status: isAccepted ? 'ACCEPTED' : 'REJECTED',
      ...(isAccepted ? {} : { statusDetails: { ErrorCode: 'InvalidPayload', ErrorMessage: 'no' } }),
      timestamp: 1,
    })
  }
}

/** The world around one agent, and the agent's present process. */
class World {
  readonly clock = new ManualClock()
  readonly nucleus = new FakeNucleus()
  readonly disk = new FakeDisk()
  readonly defender: Defender
  flowed = 0
  #process: Awaited<ReturnType<World['boot']>> | undefined
  #death: Promise<'killed'> = this.disk.death

  constructor(rejectsEach: number) {
    this.defender = new Defender(rejectsEach)
    this.nucleus.onTaken = (message) => this.defender.take(message)
  }

  async boot() {
    const ports = fakePorts(this)
    const parsed = parseConfig({
      PublishRetryCount: 1,
      ReportCopyTopic: 'greengrass-defender/{thingName}/reports',
    })
    if (!parsed.ok) throw new Error('configuration')
    const stores = this.disk.stores()
    const journal = await Journal.open(await stores.loadState(), stores)
    const link = new NucleusLink({ ...ports, waitForRestartMs: () => 0 })
    await link.open(never)
    const parts = {
      ports,
      stores,
      journal,
      link,
      faults: new FaultLog(ports.log),
      record: new HealthRecord(ports, THING),
    }
    const setup = await makeSetup(ports, THING, parsed.config, () => 100_000)
    const reporter = new Reporter(parts)
    await journal.commit((state) => ({
      state: {
        ...state,
        ledger: { ...state.ledger, baseline: state.ledger.baseline ?? this.#reading() },
        copyBaseline: state.copyBaseline ?? this.#reading(),
      },
    }))
    return { journal, reporter, setup, stores }
  }

  /** Does it, or is killed over it and started anew; false when it was killed. */
  async do(action: (process: Awaited<ReturnType<World['boot']>>) => Promise<void>): Promise<boolean> {
    const outcome = await Promise.race([this.#inProcess(action), this.#death])
    if (outcome !== 'killed') return true
    this.#death = this.disk.death
    this.#process = undefined
    return false
  }

  async #inProcess(action: (process: Awaited<ReturnType<World['boot']>>) => Promise<void>): Promise<void> {
    this.#process ??= await this.boot()
    await action(this.#process)
  }

  async report(bytes: number, chosen: readonly Fate[]): Promise<void> {
    this.flowed += bytes
    this.clock.pass(INTERVAL_MS)
    let tries = 0
    this.nucleus.fateOf = () => chosen[tries++ % chosen.length] ?? 'taken'
    await this.do(async ({ journal, reporter, setup, stores }) => {
      await this.#sleepless(reporter.send(setup, 300_000, never))
      const snapshot = { counters: this.#reading(), builtIn: new Map(), parts: [] }
      await journal.commit((state) =>
        reporter.compose(state, setup, { snapshot, custom: new Map(), customDatapoints: [] }, false),
      )
      await this.#sleepless(reporter.send(setup, 300_000, never))
      for (let count = 0; count < 3; count += 1) {
        const copy = await stores.outbox.peek()
        if (copy === undefined) return
        const fate = this.nucleus.fateOf(copy.topic)
        if (fate === 'taken' || fate === 'taken, no answer') this.nucleus.taken.push(copy)
        if (fate === 'taken') await stores.outbox.acknowledge(copy.id)
      }
    })
  }

  /** Replies are heard by the process that lives; one that it was killed over is sent again. */
  async replies(count: number, isDoubled: boolean): Promise<void> {
    for (const reply of this.defender.replies.slice(0, count)) {
      const heard = parseReply(Buffer.from(JSON.stringify(reply)), codec)
      const isDone = await this.do(async ({ reporter }) => {
        await reporter.receive(heard)
        if (isDoubled) await reporter.receive(heard)
      })
      if (isDone) this.defender.replies.splice(this.defender.replies.indexOf(reply), 1)
    }
  }

  /** Waits between tries pass at once. */
  async #sleepless(action: Promise<void>): Promise<void> {
    let isDone = false
    const done = action.finally(() => {
      isDone = true
    })
    // A killed process waits for ever.
    const death = this.#death
    while (!isDone && death === this.#death) await this.clock.advance(5_000)
    await done
  }

  #reading(): CounterReading {
    const bytes = BigInt(this.flowed)
    return {
      bootId: 'boot-1',
      interfaces: [
        { name: 'eth0', index: 2, bytesIn: bytes, packetsIn: bytes, bytesOut: bytes * 2n, packetsOut: bytes },
      ],
    }
  }
}

test('any order of traffic, fates, replies and kills: every byte is told once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { maxLength: 40, size: 'max' }),
      fc.constantFrom(2, 3, 5, Number.POSITIVE_INFINITY),
      async (steps, rejectsEach) => {
        const world = new World(rejectsEach)
        // The first reading is the baseline.
        await world.do(async () => {})
        for (const step of steps) {
          switch (step.kind) {
            case 'report':
              await world.report(step.bytes, step.fates)
              // Replies may be late, but not by more than an hour: then nobody waits for them.
              while (world.defender.replies.length > 6) await world.replies(1, false)
              break
            case 'replies':
              await world.replies(step.count, step.isDoubled)
              break
            case 'kill':
              world.disk.killAfter = step.afterWrites
              break
            case 'clock':
              world.clock.step(step.byMs)
              break
          }
        }
        world.disk.killAfter = Number.POSITIVE_INFINITY
        for (let round = 0; round < 60; round += 1) {
          await world.report(0, ['taken'])
          while (world.defender.replies.length > 0) await world.replies(1, false)
          if (sumOf(world) === world.flowed && world.disk.entries.length === 0) break
        }
        const most = 2 * world.flowed
        const traffic = {
          bytesIn: world.flowed,
          packetsIn: world.flowed,
          bytesOut: most,
          packetsOut: world.flowed,
        }
        expect(arrived(world.defender.accepted, most).traffic).toEqual(traffic)
        expect(arrived(world.nucleus.takenOn('/reports'), most).traffic).toEqual(traffic)
      },
    ),
    { numRuns: 150 },
  )
}, 60_000)

const sumOf = ({ defender, flowed }: World): number => arrived(defender.accepted, 2 * flowed).traffic.bytesIn
