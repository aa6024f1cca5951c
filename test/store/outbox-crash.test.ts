/**
 * What is left after a kill at any byte, a power loss at any moment, and any sequence of faults.
 */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { EntryKind } from '../../src/store/outbox-entry.ts'
import { MemoryDisk } from '../helpers/store-memory-files.ts'
import { drain, entry, numbered, openOn, START } from '../helpers/store-outbox.ts'

// Thousands of cases in a test: a busy machine may take longer than the five seconds of the runner.
vi.setConfig({ testTimeout: 30_000 })

/** Two files and several turns of the mark in a few hundred bytes each. */
const options = { bytesMax: 16 * 1024 }

type Step = 'append' | 'append three' | 'acknowledge'

/** What the caller was promised when the world stopped. */
interface Promised {
  appended: string[]
  /** Being appended at that moment: each may be there or not. */
  inFlight: string[]
  acknowledged: number
  acknowledging: boolean
}

/** Runs steps until they end or the disk's world stops; an operation counts as promised if the world still stood. */
async function run(disk: MemoryDisk, steps: readonly Step[], kind: EntryKind): Promise<Promised> {
  const promised: Promised = { appended: [], inFlight: [], acknowledged: 0, acknowledging: false }
  const alive = () => !disk.dead
  const outbox = await openOn(disk, { at: START }, options)
  for (const step of steps) {
    if (!alive()) break
    if (step === 'acknowledge') {
      const oldest = await outbox.peek()
      if (oldest === undefined) continue
      promised.acknowledging = true
      await outbox.acknowledge(oldest.id)
      if (!alive()) break
      promised.acknowledging = false
      promised.acknowledged += 1
    } else {
      promised.inFlight = numbered(step === 'append' ? 1 : 3, promised.appended.length)
      await Promise.all(promised.inFlight.map((text) => outbox.append(entry(text, kind))))
      if (!alive()) break
      promised.appended.push(...promised.inFlight)
      promised.inFlight = []
    }
  }
  return promised
}

/** Nothing acknowledged comes again but the one in flight, nothing promised is lost, and the order holds. */
function expectKept(found: readonly string[], promised: Promised): void {
  const everything = [...promised.appended, ...promised.inFlight]
  const from = everything.indexOf(found[0] ?? '')
  if (from >= 0)
    expect([promised.acknowledged, promised.acknowledged + Number(promised.acknowledging)]).toContain(from)
  const begins = from >= 0 ? from : promised.acknowledged + Number(promised.acknowledging)
  expect(found).toEqual(everything.slice(begins, begins + found.length))
  expect(begins + found.length).toBeGreaterThanOrEqual(promised.appended.length)
}

const script: Step[] = [
  ...Array<Step[]>(2)
    .fill(['append', 'append', 'acknowledge', 'append three', 'acknowledge', 'append'])
    .flat(),
  ...Array<Step>(8).fill('acknowledge'),
  'append',
]

it('survives a kill at every byte', async () => {
  const whole = new MemoryDisk()
  await run(whole, script, 'violation')
  expect(whole.spent).toBeGreaterThan(1500)
  for (let bytes = 0; bytes <= whole.spent; bytes += 1) {
    const disk = new MemoryDisk()
    disk.killAfter = bytes
    const promised = await run(disk, script, 'violation')
    const outbox = await openOn(disk.afterKill(), { at: START }, options)
    expect(outbox.health()).toEqual({ kind: 'durable' })
    expect(outbox.counters()).toMatchObject({ dropped: { damage: 0 }, filesSetAside: 0 })
    // It works on: what is appended now comes last.
    await outbox.append(entry('after'))
    const found = await drain(outbox)
    expect(found.pop()).toBe('after')
    expectKept(found, promised)
  }
})

describe('after a power loss', () => {
  const steps = fc.array(fc.constantFrom<Step>('append', 'append three', 'acknowledge'), { maxLength: 40 })
  const parts = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 40, maxLength: 40 })
  const reopened = (disk: MemoryDisk, chances: readonly number[]) => {
    let turn = 0
    return openOn(
      disk.afterPowerLoss(() => chances[turn++ % chances.length] ?? 0),
      { at: START },
      options,
    )
  }

  it('violations keep every promise', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat({ max: 4000 }), parts, async (list, bytes, chances) => {
        const disk = new MemoryDisk()
        disk.killAfter = bytes
        const promised = await run(disk, list, 'violation')
        expectKept(await drain(await reopened(disk, chances)), promised)
      }),
      { numRuns: 300 },
    )
  })

  it('report copies may lose the newest or repeat, and stay in order', async () => {
    await fc.assert(
      fc.asyncProperty(steps, parts, async (list, chances) => {
        const disk = new MemoryDisk()
        const promised = await run(disk, list, 'report-copy')
        const found = await drain(await reopened(disk, chances))
        const from = promised.appended.indexOf(found[0] ?? '')
        if (found.length > 0) expect(from).toBeGreaterThanOrEqual(0)
        if (found.length > 0) expect(from).toBeLessThanOrEqual(promised.acknowledged)
        expect(found).toEqual(promised.appended.slice(from, from + found.length))
      }),
      { numRuns: 200 },
    )
  })
})

/**
 * The outbox against an array, with faults of the disk in between. A reopening while entries were in memory loses them,
 * as stated, so the model only reopens when the outbox says that all is durable.
 */
type Command =
  | { kind: 'append'; size: number }
  | { kind: 'peek' }
  | { kind: 'acknowledge' }
  | { kind: 'reopen' }
  | { kind: 'fail'; operations: readonly string[] }
  | { kind: 'heal' }

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), size: fc.nat({ max: 900 }) }) },
  { weight: 5, arbitrary: fc.constant<Command>({ kind: 'acknowledge' }) },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: 'peek' }) },
  { weight: 2, arbitrary: fc.constant<Command>({ kind: 'reopen' }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      operations: fc.subarray(['write', 'open', 'truncate', 'sync', 'remove', 'rename', 'syncDirectory'], {
        minLength: 1,
      }),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Command>({ kind: 'heal' }) },
)

it('behaves like an array, whatever the disk does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      const disk = new MemoryDisk()
      const clock = { at: START }
      const bounds = { bytesMax: 32 * 1024, memoryBytesMax: 8 * 1024, diskRetryMs: 1 }
      let outbox = await openOn(disk, clock, bounds)
      let model: string[] = []
      let appended = 0
      const forgetDropped = () => {
        const { entries } = outbox.size()
        const dropped = model.length - entries
        expect(dropped).toBeGreaterThanOrEqual(0)
        return dropped
      }
      for (const step of commands) {
        clock.at += 1
        switch (step.kind) {
          case 'append': {
            const text = `n${appended}`.padEnd(step.size, '.')
            appended += 1
            const before = outbox.counters().dropped
            await outbox.append(entry(text))
            model.push(text)
            const after = outbox.counters().dropped
            // Dropped from memory: the oldest that is not on disk. Dropped for bytes: the oldest of all.
            const fromMemory = after.memory - before.memory
            const fromFront = after.bytes - before.bytes
            const inMemory = Number(
              'entriesInMemory' in outbox.health() &&
                (outbox.health() as { entriesInMemory: number }).entriesInMemory,
            )
            expect(forgetDropped()).toBe(fromMemory + fromFront)
            model = model.slice(fromFront)
            model.splice(model.length - inMemory - fromMemory, fromMemory)
            break
          }
          case 'peek':
            await outbox.peek()
            break
          case 'acknowledge': {
            const oldest = await outbox.peek()
            expect(oldest && Buffer.from(oldest.payload).toString()).toBe(model[0])
            if (oldest === undefined) break
            expect(await outbox.acknowledge(oldest.id)).toBe(true)
            model.shift()
            break
          }
          case 'reopen':
            if (outbox.health().kind !== 'durable' || disk.refuse !== undefined) break
            await outbox.close()
            outbox = await openOn(disk, clock, bounds)
            break
          case 'fail':
            disk.refuse = (operation) => (step.operations.includes(operation) ? 'EIO' : undefined)
            break
          case 'heal':
            disk.refuse = undefined
            break
        }
        expect(outbox.size().entries).toBe(model.length)
        expect(outbox.counters().dropped.damage).toBe(0)
      }
      disk.refuse = undefined
      clock.at += 1
      expect(await drain(outbox)).toEqual(model)
    }),
    { numRuns: 300 },
  )
})
