/**
 * Ticks of a cron expression, through node-cron, which is loaded only here and only when `Schedule` is set: its time-zone
 * data costs about 13 MB resident memory. Times are in the device's local time zone. All devices with the same expression
 * report at the same second; the interval of `ticks.ts` spreads them.
 */

/** One tick for each match; matches while a cycle is still running are not made up for. */
export async function* cronTicks(expression: string, signal: AbortSignal): AsyncGenerator<void> {
  const { schedule } = await import('node-cron')
  let wake = () => {}
  // Its warnings of missed matches would be lines in the log that are not JSON; a missed match is nothing to act upon.
  const task = schedule(expression, () => wake(), { suppressMissedWarning: true })
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      if (!signal.aborted) yield
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await task.destroy()
  }
}
