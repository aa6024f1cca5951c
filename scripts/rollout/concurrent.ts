/** Many calls, a few at a time: a fleet has thousands of devices, and its control plane a rate that others share. */

/** Calls in flight at once; the SDK's own retries slow them down where AWS throttles. */
export const AT_ONCE = 8

/** @param work gets the item and, from 0 up, which of those that work at once it is */
export async function forEachOf<T>(
  items: readonly T[],
  work: (item: T, worker: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0
  const worker = async (_: unknown, index: number) => {
    while (next < items.length && !signal?.aborted) {
      const item = items[next] as T
      next += 1
      await work(item, index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
}

/** At most `max` of the items, evenly spread over them, the same ones each time. */
export function spread<T>(items: readonly T[], max: number): readonly T[] {
  if (items.length <= max) return items
  return Array.from({ length: max }, (_, index) => items[Math.floor((index * items.length) / max)] as T)
}
