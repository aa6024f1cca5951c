/**
 * The engine's own time, which never runs backwards.
 *
 * When the device's clock is set back, no time is taken to have passed since the call before, and from then on the
 * engine's time is ahead of the device's by as much: windows, runs and the fourteen days of percentiles keep their
 * order and their lengths. A clock set forward cannot be told from a device that slept; windows then lack their past.
 */
export interface Clock {
  /** The latest instant, in the engine's time; epoch milliseconds plus `aheadMs`. */
  readonly at: number
  readonly aheadMs: number
}

export function startClock(at: number): Clock {
  return { at, aheadMs: 0 }
}

/** @param at epoch milliseconds by the device's clock */
export function advance(clock: Clock, at: number): Clock {
  const engineAt = at + clock.aheadMs
  return engineAt >= clock.at
    ? { at: engineAt, aheadMs: clock.aheadMs }
    : { at: clock.at, aheadMs: clock.at - at }
}

/** An instant of the engine's as the device's clock would show it now. */
export const toDeviceTime = (clock: Clock, engineAt: number) => engineAt - clock.aheadMs
