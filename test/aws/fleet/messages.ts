/**
 * The messages of a simulated fleet's agents as an operator may have them collected: lines of JSON in files of a folder,
 * health and violations beside each other. Writes what has come since the last time.
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FleetControl } from './start.ts'

/** @returns a function that brings the folder up to the present and tells how many messages that took */
export function collectMessages(
  fleet: Pick<FleetControl, 'nowMs' | 'things' | 'healthOf' | 'violationsOf'>,
  folder: string,
): () => number {
  mkdirSync(folder, { recursive: true })
  const lastHealthAt = new Map<string, number>()
  let upToMs = 0
  const append = (file: string, messages: readonly object[]) => {
    const lines = messages.map((message) => `${JSON.stringify(message)}\n`)
    if (lines.length > 0) appendFileSync(join(folder, file), lines.join(''))
  }
  return () => {
    const nowMs = fleet.nowMs()
    const things = fleet.things()
    const health = things.flatMap((thing) => {
      const message = fleet.healthOf(thing)
      if (message === undefined || message.at === lastHealthAt.get(thing)) return []
      lastHealthAt.set(thing, message.at)
      return [message]
    })
    const violations = things.flatMap((thing) => fleet.violationsOf(thing, upToMs))
    upToMs = nowMs + 1
    append('health.jsonl', health)
    append('violations.jsonl', violations)
    return health.length + violations.length
  }
}
