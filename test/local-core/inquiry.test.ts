import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Inquiry } from '../../src/local-core/inquiry.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function subscriber() {
  const sent: string[] = []
  let close = () => {}
  const stream = {
    send: (shape: string) => void sent.push(shape),
    onClose: (callback: () => void) => {
      close = callback
    },
  }
  return { sent, stream, close: () => close() }
}

test('nobody to ask', async () => {
  const inquiry = new Inquiry<string>()
  const { stream, close } = subscriber()
  inquiry.subscribe(stream)
  expect(inquiry.hasSubscribers).toBe(true)
  close()
  expect(inquiry.hasSubscribers).toBe(false)
  expect(await inquiry.ask('d1', 'Event', {}, 1_000)).toEqual({ kind: 'nobody' })
})

test('an answer counts once, for its own deployment and in time', async () => {
  const inquiry = new Inquiry<string>()
  const { sent, stream } = subscriber()
  inquiry.subscribe(stream)
  const asked = inquiry.ask('d1', 'Event', {}, 1_000)
  expect(sent).toEqual(['Event'])
  expect(inquiry.answer('d0', 'wrong')).toBe(false)
  expect(inquiry.answer('d1', 'yes')).toBe(true)
  expect(inquiry.answer('d1', 'again')).toBe(false)
  expect(await asked).toEqual({ kind: 'answered', answer: 'yes' })
})

test('no answer in time', async () => {
  const inquiry = new Inquiry<string>()
  inquiry.subscribe(subscriber().stream)
  const asked = inquiry.ask('d1', 'Event', {}, 1_000)
  vi.advanceTimersByTime(1_000)
  expect(await asked).toEqual({ kind: 'timeout' })
  expect(inquiry.answer('d1', 'late')).toBe(false)
})

test('a second question takes the place of the first, with its own time', async () => {
  const inquiry = new Inquiry<string>()
  inquiry.subscribe(subscriber().stream)
  const first = inquiry.ask('d1', 'Event', {}, 1_000)
  vi.advanceTimersByTime(900)
  const second = inquiry.ask('d2', 'Event', {}, 1_000)
  expect(await first).toEqual({ kind: 'timeout' })
  vi.advanceTimersByTime(900)
  inquiry.answer('d2', 'yes')
  expect(await second).toEqual({ kind: 'answered', answer: 'yes' })
})

test('closing ends what is open, and leaves no timer', async () => {
  const inquiry = new Inquiry<string>()
  inquiry.subscribe(subscriber().stream)
  const asked = inquiry.ask('d1', 'Event', {}, 1_000)
  inquiry.close()
  expect(await asked).toEqual({ kind: 'timeout' })
  expect(vi.getTimerCount()).toBe(0)
})
