/** Timing for the benchmarks: CPU time of this process, the kernel's part included, as the median of several runs. */

export interface Timing {
  /** User and system time of one run, milliseconds. */
  readonly medianMs: number
  readonly minMs: number
  readonly maxMs: number
}

const RUNS = 9
/** Shorter runs are repeated within one measurement: CPU time is counted in steps of up to 4 ms. */
const MEASURE_MS_MIN = 40

export function measure(run: () => void): Timing {
  run()
  run()
  const repeats = Math.max(1, Math.ceil(MEASURE_MS_MIN / Math.max(0.01, cpuMs(run))))
  const times = Array.from({ length: RUNS }, () => cpuMs(() => repeat(run, repeats)) / repeats).sort(
    (a, b) => a - b,
  )
  return { medianMs: at(times, RUNS >> 1), minMs: at(times, 0), maxMs: at(times, RUNS - 1) }
}

export function cpuMs(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function repeat(run: () => void, times: number): void {
  for (let turn = 0; turn < times; turn += 1) run()
}

const at = (values: readonly number[], index: number): number => values[index] ?? Number.NaN

/** Resident memory of this process in MB. */
export const residentMB = (): number => process.memoryUsage.rss() / 1e6

export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')
  process.stdout.write(`\n${title}\n${line(head)}\n${rows.map(line).join('\n')}\n`)
}

export const number = (value: number, digits = 2): string => value.toFixed(digits)
