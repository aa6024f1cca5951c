import { describe, expect, test } from 'vitest'
import type { ViolationEvent } from '../../src/detect/violation.ts'
import { initialState } from '../../src/monitor/agent-state.ts'
import { Journal } from '../../src/monitor/journal.ts'
import type { OutboxEntry } from '../../src/store/outbox-entry.ts'
import { FakeDisk } from '../helpers/fake-ports.ts'

const entry = (name: string): OutboxEntry => ({
  kind: 'violation',
  topic: 'violations',
  payload: Buffer.from(name),
  createdAt: 1,
})
const event = (violationId: string, violationEventType: ViolationEvent['violationEventType'] = 'in-alarm') =>
  ({ violationId, violationEventType, violationEventTime: 5 }) as ViolationEvent

const open = async (disk: FakeDisk) => {
  const stores = disk.stores()
  return Journal.open(await stores.loadState(), stores)
}
const namesOf = ({ entries }: FakeDisk) => entries.map(({ payload }) => Buffer.from(payload).toString())
const eventsOf = ({ violations }: FakeDisk) =>
  violations.map(({ event: each }) => {
    const { violationId, violationEventType } = each as ViolationEvent
    return `${violationId} ${violationEventType}`
  })

describe('a change', () => {
  test('sees all changes before it, and the state is that of the last one that is complete', async () => {
    const journal = await open(new FakeDisk())
    const changes = Array.from({ length: 5 }, () =>
      journal.commit((state) => ({ state: { ...state, startCount: state.startCount + 1 } })),
    )
    expect(journal.state.startCount).toBe(0)
    await Promise.all(changes)
    expect(journal.state.startCount).toBe(5)
  })

  test('that throws costs itself only', async () => {
    const journal = await open(new FakeDisk())
    const failed = journal.commit(() => {
      throw new Error('a bug')
    })
    const next = journal.commit((state) => ({ state: { ...state, startCount: 7 } }))
    await expect(failed).rejects.toThrow('a bug')
    await next
    expect(journal.state.startCount).toBe(7)
  })

  test('that is minor is stored with the next one that is not', async () => {
    const disk = new FakeDisk()
    const journal = await open(disk)
    await journal.commit((state) => ({ state: { ...state, startCount: 1 }, isMinor: true }))
    expect((await open(disk)).state).toEqual(initialState)
    await journal.commit((state) => ({ state: { ...state, lastReportId: 9 } }))
    expect((await open(disk)).state).toMatchObject({ startCount: 1, lastReportId: 9 })
  })
})

/** State, two messages, two events: five writes; the last one is done, or for a half it is not. */
const kills = Array.from({ length: 12 }, (_, halves) => (halves + 1) / 2)
test.each(kills)(
  'killed after %s writes: the messages and events of a change are all there once, or none',
  async (killAfter) => {
    const disk = new FakeDisk()
    const first = await open(disk)
    await first.commit((state) => ({ state, entries: [entry('earlier')], events: [event('earlier')] }))
    disk.killAfter = killAfter
    const death = disk.death
    const change = first.commit((state) => ({
      state: { ...state, lastReportId: 2 },
      entries: [entry('one'), entry('two')],
      events: [event('one'), event('two', 'alarm-cleared')],
    }))
    await Promise.race([death, change])
    disk.killAfter = Number.POSITIVE_INFINITY
    void disk.death // a new process
    // The next start is killed over it too, at its first write; the one after that is not.
    disk.killAfter = 1
    await Promise.race([disk.death, open(disk)])
    disk.killAfter = Number.POSITIVE_INFINITY
    void disk.death
    const journal = await open(disk)
    // Messages that were handed over meanwhile are not appended again: ids count, not what is there.
    const isDone = journal.state.lastReportId === 2
    expect(namesOf(disk)).toEqual(['earlier', ...(isDone ? ['one', 'two'] : [])])
    expect(eventsOf(disk)).toEqual([
      'earlier in-alarm',
      ...(isDone ? ['one in-alarm', 'two alarm-cleared'] : []),
    ])
  },
)

test('a message that was handed over before the kill is not appended again', async () => {
  const disk = new FakeDisk()
  const first = await open(disk)
  // State, one message: killed before the second.
  disk.killAfter = 2
  await Promise.race([
    disk.death,
    first.commit((state) => ({ state, entries: [entry('one'), entry('two')] })),
  ])
  expect(namesOf(disk)).toEqual(['one'])
  disk.entries.length = 0
  void disk.death
  disk.killAfter = Number.POSITIVE_INFINITY
  await open(disk)
  expect(namesOf(disk)).toEqual(['two'])
})
