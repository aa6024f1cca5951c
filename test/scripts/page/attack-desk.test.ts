import { describe, expect, it } from 'vitest'
import type { Loopback } from '../../../scripts/loopback.ts'
import { attackRoutes, attackSeconds, createAttackDesk } from '../../../scripts/page/attack-desk.ts'
import type { AttackEvent } from '../../../src/local-core/page/page-event.ts'
import { ManualClock, settle } from '../../helpers/manual-clock.ts'

function newDesk(over: Partial<Loopback> = {}) {
  const clock = new ManualClock()
  const events: AttackEvent[] = []
  const open = new Set<number>()
  const listen: Loopback['listen'] = async (_host, port) => {
    open.add(port)
    return {
      port,
      close: async () => {
        open.delete(port)
      },
    }
  }
  const network: Loopback = {
    listen,
    connect: listen,
    burst: async (bytes) => ({ bytes, packets: 1 }),
    ...over,
  }
  const desk = createAttackDesk({
    seconds: 30,
    now: () => clock.wallMs(),
    publish: (event) => events.push(event),
    io: (say, stopped) => ({ network, clock, say, establishedCount: () => 0, stopped }),
  })
  return { desk, clock, events, open }
}

describe('the attack desk', () => {
  it('refuses what is no attack', () => {
    const { desk, events } = newDesk()
    for (const name of ['none', '__proto__', 'toString']) {
      expect(() => desk.start(name)).toThrow(expect.objectContaining({ status: 404 }))
    }
    expect(events).toEqual([])
  })

  it('refuses a second one, and takes it when the first has ended', async () => {
    const { desk } = newDesk()
    desk.start('listener-4444')
    expect(() => desk.start('beacon')).toThrow(expect.objectContaining({ status: 409 }))
    await desk.stop()
    expect(desk.start('beacon').state).toBe('running')
    await desk.stop()
  })

  it('tells how it goes and cleans up when its time is over', async () => {
    const { desk, clock, events, open } = newDesk()
    const begun = desk.start('listener-4444')
    expect(begun.endsAt).toBe(begun.startedAt + 30_000)
    await settle()
    expect([...open]).toEqual([4444])
    await clock.advance(30_000)
    await settle()
    expect([...open]).toEqual([])
    expect(events.map(({ state }) => state)).toEqual(['running', 'running', 'ended'])
    expect(events.at(-1)?.says).toEqual([
      'listening on 127.0.0.1:4444',
      'ended; the alarm clears at the end of the next report interval',
    ])
  })

  it('cleans up before stop() resolves', async () => {
    const { desk, events, open } = newDesk()
    desk.start('listener-4444')
    await settle()
    await desk.stop()
    expect([open.size, events.at(-1)?.state]).toEqual([0, 'ended'])
    await desk.stop()
  })

  it('tells why one failed, and takes the next', async () => {
    const fail = () => Promise.reject(Object.assign(new Error('in use'), { code: 'EADDRINUSE', port: 4444 }))
    const { desk, events } = newDesk({ listen: fail })
    desk.start('listener-4444')
    await settle()
    expect(events.at(-1)).toMatchObject({
      state: 'failed',
      says: [expect.stringMatching(/port 4444 is in use/)],
    })
    expect(desk.start('exfiltration').state).toBe('running')
    await desk.stop()
  })

  it('has a route for each attack and one to stop', async () => {
    const { desk } = newDesk()
    const routes = new Map(attackRoutes(desk))
    expect(routes.has('/attack/beacon')).toBe(true)
    const { status, text } = (await routes.get('/attack/beacon')?.answer({})) ?? { status: 0, text: '' }
    expect([status, JSON.parse(text).name]).toEqual([202, 'beacon'])
    expect(await routes.get('/stop-attack')?.answer({})).toMatchObject({ status: 200 })
  })

  it.each([
    [1, 30],
    [10, 30],
    [60, 150],
    [300, 600],
  ])('at an interval of %d s lasts %d s', (interval, seconds) =>
    expect(attackSeconds(interval)).toBe(seconds),
  )
})
