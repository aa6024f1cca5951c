/** What is going to happen, earliest first; what falls on the same instant happens in the order it was planned. */

export interface Entry {
  readonly atMs: number
  /** Whether anybody waits for it; a crash that is still to come is not waited for. */
  readonly isAwaited: boolean
  readonly happen: (atMs: number) => void
}

export class Agenda {
  /** A binary heap: a fleet plans tens of thousands of entries. */
  readonly #heap: (Entry & { readonly order: number })[] = []
  #order = 0
  #awaited = 0

  plan(atMs: number, happen: Entry['happen'], isAwaited = true): void {
    this.#heap.push({ atMs, happen, isAwaited, order: this.#order })
    this.#order += 1
    if (isAwaited) this.#awaited += 1
    this.#up(this.#heap.length - 1)
  }

  get awaitedCount(): number {
    return this.#awaited
  }

  /** When the next entry is due. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  /** Everything up to an instant happens, also what is planned meanwhile. */
  runUntil(endMs: number): void {
    while (this.nextMs <= endMs) {
      const { atMs, happen, isAwaited } = this.#take()
      if (isAwaited) this.#awaited -= 1
      happen(atMs)
    }
  }

  #take(): Entry {
    const first = this.#heap[0] as Entry
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last
      this.#down(0)
    }
    return first
  }

  #up(start: number): void {
    for (let index = start; index > 0; ) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(index, parent)) return
      this.#swap(index, parent)
      index = parent
    }
  }

  #down(start: number): void {
    for (let index = start; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2]
      const child = right < this.#heap.length && this.#isBefore(right, left) ? right : left
      if (child >= this.#heap.length || !this.#isBefore(child, index)) return
      this.#swap(index, child)
      index = child
    }
  }

  #isBefore(left: number, right: number): boolean {
    const [one, other] = [this.#at(left), this.#at(right)]
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
  }

  #swap(left: number, right: number): void {
    const kept = this.#at(left)
    this.#heap[left] = this.#at(right)
    this.#heap[right] = kept
  }

  readonly #at = (index: number) => this.#heap[index] as Entry & { readonly order: number }
}
