/** Waiting for the first of several things, with no timer or listener left behind. */

/**
 * Whichever comes first: what one of the sources hands over, the time-out (undefined: none), or the abort.
 * What a source hands over later is dropped.
 */
export function firstOf<T>(
  signal: AbortSignal,
  timeoutMs: number | undefined,
  sources: (settle: (value: T) => void) => void,
): Promise<T | 'timeout' | 'stop'> {
  return new Promise((resolve) => {
    const settle = (value: T | 'timeout' | 'stop') => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(value)
    }
    const onAbort = () => settle('stop')
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => settle('timeout'), timeoutMs)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) settle('stop')
    else sources(settle)
  })
}

/** True when the promise is fulfilled within the time. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const never = new AbortController().signal
  return (await firstOf<'done'>(never, ms, (settle) => void promise.then(() => settle('done')))) === 'done'
}

/** Ends early, without an error, when aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await firstOf<never>(signal, ms, () => {})
}
