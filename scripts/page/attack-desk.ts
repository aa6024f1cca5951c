/**
 * The attacks of `defender attack`, started from the page: one at a time, each for a while, and every one of them ended
 * and cleaned up before the desk is closed.
 */
import type { AttackEvent } from '../../src/local-core/page/page-event.ts'
import { BadRequest, jsonAnswer, type Route } from '../../src/local-core/page/route.ts'
import { type AttackIo, attacks, clearingOf, performAttack } from '../commands/attack.ts'

export interface AttackDesk {
  /** Refuses a second one, and what is no attack. */
  start(name: string): AttackEvent
  /** Ends the one that runs; resolves when it has cleaned up. */
  stop(): Promise<void>
}

export interface AttackDeskOptions {
  readonly seconds: number
  readonly now: () => number
  readonly publish: (event: AttackEvent) => void
  readonly io: (say: AttackIo['say'], stopped: AbortSignal) => AttackIo
}

/** Long enough that a report interval lies within it, whatever the moment at which it starts. */
const SECONDS_MIN = 30
/** That much of an attack is enough on somebody's desk; who wants more has `defender attack --for`. */
const SECONDS_MAX = 600
/** Two intervals and a little: the alarm is seen to stand. */
export const attackSeconds = (intervalSeconds: number): number =>
  Math.round(Math.min(SECONDS_MAX, Math.max(SECONDS_MIN, 2.5 * intervalSeconds)))

export function createAttackDesk({ seconds, now, publish, io }: AttackDeskOptions): AttackDesk {
  let running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined

  return {
    start(name) {
      const attack = Object.hasOwn(attacks, name) ? attacks[name] : undefined
      if (attack === undefined) throw new BadRequest(404, `There is no attack ${name}`)
      if (running !== undefined) throw new BadRequest(409, 'Another attack is running: one at a time')
      const startedAt = now()
      const says: string[] = []
      const tell = (state: AttackEvent['state']): AttackEvent => {
        const event: AttackEvent = {
          event: 'attack',
          at: now(),
          name,
          state,
          startedAt,
          ...(state === 'running' && { endsAt: startedAt + seconds * 1000 }),
          says: [...says],
        }
        publish(event)
        return event
      }
      const say = (line: string): void => {
        says.push(line)
        if (running !== undefined) tell('running')
      }
      const stop = new AbortController()
      const run = async (): Promise<void> => {
        let state: AttackEvent['state'] = 'ended'
        try {
          await performAttack(attack, seconds, io(say, stop.signal))
          says.push(`ended; the alarm clears ${clearingOf(attack)}`)
        } catch (error) {
          state = 'failed'
          says.push(error instanceof Error ? error.message : String(error))
        }
        running = undefined
        tell(state)
      }
      // The answer is given before the attack says anything.
      const done = Promise.resolve().then(run)
      running = { stop, done }
      return tell('running')
    },
    async stop() {
      const current = running
      current?.stop.abort()
      await current?.done
    },
  }
}

export function attackRoutes(desk: AttackDesk): [string, Route][] {
  const starts = Object.keys(attacks).map((name): [string, Route] => [
    `/attack/${name}`,
    { method: 'POST', answer: () => jsonAnswer(desk.start(name), 202) },
  ])
  const stop: Route = {
    method: 'POST',
    answer: async () => {
      await desk.stop()
      return jsonAnswer({})
    },
  }
  return [...starts, ['/stop-attack', stop]]
}
