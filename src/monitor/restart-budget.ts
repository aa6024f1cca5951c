/**
 * When the process may end itself to be started anew with a new SVCUID. Nucleus lite's systemd unit gives up for good after three
 * starts in an hour (StartLimitBurst=3, StartLimitIntervalSec=3600), so a start is something to be spent with care.
 */
const HOUR_MS = 3_600_000
const STARTS_A_HOUR_MAX = 3
/** Processes that each live longer than this, and a little, are never one too many. */
export const LIFE_MS_MIN = HOUR_MS / STARTS_A_HOUR_MAX + 60_000

/** The starts that still count, this one included. A start that lies ahead was noted by a clock that was wrong. */
export function noteStart(recentStarts: readonly number[], wallMs: number): number[] {
  return [...recentStarts.filter((at) => at > wallMs - HOUR_MS && at <= wallMs), wallMs].slice(
    -STARTS_A_HOUR_MAX,
  )
}

/** Milliseconds until the next start would not be one too many. */
export function waitForRestartMs(recentStarts: readonly number[], wallMs: number): number {
  const counting = recentStarts.filter((at) => at > wallMs - HOUR_MS && at <= wallMs)
  const [oldest] = counting
  if (oldest === undefined || counting.length < STARTS_A_HOUR_MAX) return 0
  return oldest + HOUR_MS - wallMs
}
