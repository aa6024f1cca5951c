/** Durations as test files write them, after Prometheus: `500s`, `15m`, `1h30m`, `2d`. */

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds; `undefined` for what is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+[dhms])+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit = ''] of text.matchAll(/(\d+)([dhms])/g)) {
    total += Number(amount) * (unitMs[unit] as number)
  }
  return Number.isSafeInteger(total) ? total : undefined
}

/** In the largest unit that divides it: `15m`, `500s`, `2d`. */
export function formatDurationShort(ms: number): string {
  const unit = ['d', 'h', 'm'].find((each) => ms > 0 && ms % (unitMs[each] as number) === 0) ?? 's'
  // Hours and days of a test are compared with intervals, which are minutes.
  const readable = unit === 'h' || unit === 'd' ? 'm' : unit
  return `${ms / (unitMs[readable] as number)}${readable}`
}
