/** How long to wait before the next try. */

export interface BackoffOptions {
  readonly firstMs: number
  readonly maxMs: number
}

/**
 * Doubles from `firstMs` to `maxMs`; `random` (0 up to 1) takes away up to half, so that devices that failed together do not
 * try together again. `attempt` counts from 1.
 */
export function backoffMs(attempt: number, { firstMs, maxMs }: BackoffOptions, random: number): number {
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30))
  return fullMs * (1 - random / 2)
}
