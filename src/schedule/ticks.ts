/**
 * The instants at which reports are due.
 *
 * Every `intervalSeconds`, beginning at a phase that is a stable hash of the thing name, so that a fleet that boots
 * together does not report together, and a device that restarts keeps its place in the interval. After the first tick only
 * the monotonic clock counts: a step of the system's clock neither adds nor skips a report. A tick that was missed
 * (device suspended, last cycle still running) is not made up for.
 */
import type { Clock } from './clock.ts'

export async function* intervalTicks(
  clock: Clock,
  intervalSeconds: number,
  phaseKey: string,
  signal: AbortSignal,
): AsyncGenerator<void> {
  const intervalMs = intervalSeconds * 1000
  let dueMs = clock.monotonicMs() + delayToPhaseMs(clock.wallMs(), intervalMs, phaseKey)
  while (!signal.aborted) {
    await clock.sleep(dueMs - clock.monotonicMs(), signal)
    if (signal.aborted) return
    yield
    const behindMs = Math.max(0, clock.monotonicMs() - dueMs)
    dueMs += intervalMs * (1 + Math.floor(behindMs / intervalMs))
  }
}

/** Milliseconds until wall-clock time is next at this key's place in the interval. */
export function delayToPhaseMs(wallMs: number, intervalMs: number, phaseKey: string): number {
  const phaseMs = (hash(phaseKey) / 2 ** 32) * intervalMs
  return (((phaseMs - wallMs) % intervalMs) + intervalMs) % intervalMs
}

/** FNV-1a, 32 bits, with a final mixing (murmur3's) since names of a fleet differ in their last characters only. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
