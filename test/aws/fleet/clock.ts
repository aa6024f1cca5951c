/** The time of a simulated fleet: stands still, or runs many times as fast as ours, and is moved on by tests. */

export interface FleetClock {
  /** Epoch milliseconds. */
  nowMs(): number
  skip(ms: number): void
}

const START_MS = Date.UTC(2026, 0, 15, 12)

/** @param speed milliseconds of the fleet for each of ours; 0 stands still */
export function fleetClock(speed = 0, startMs = START_MS): FleetClock {
  const begunMs = performance.now()
  let skippedMs = 0
  return {
    nowMs: () => startMs + skippedMs + Math.floor((performance.now() - begunMs) * speed),
    skip: (ms) => {
      skippedMs += ms
    },
  }
}
