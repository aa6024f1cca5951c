/**
 * Remembers since which cycle a key has been seen, for tens of thousands of keys at a few bytes each.
 *
 * Open addressing with linear probing over typed arrays. A key is kept as a 64-bit fingerprint of its words, so that
 * IPv4 and IPv6 cost the same 16 bytes: among 50,000 keys the chance that any two share a fingerprint is below 1 in
 * 10^10, and `seed` keeps an attacker from making one. A shared fingerprint would merge two entries, nothing worse.
 */

/** How long a key is remembered that is no longer there. */
export type SeenMemory =
  | { readonly kind: 'present' } // not at all: after a gap of one cycle it is new again
  | { readonly kind: 'ever'; readonly keysMax: number } // until there are more than `keysMax`; then those not there go

const CAPACITY_MIN = 64

/** A slot is four words side by side, so that looking a key up touches one cache line. `first` 0 marks a free one. */
const SLOT = { high: 0, low: 1, first: 2, last: 3 } as const
const SLOT_BITS = 2

export class SeenTable {
  readonly #seed: number
  readonly #memory: SeenMemory
  #capacity = CAPACITY_MIN
  #slots = new Uint32Array(CAPACITY_MIN << SLOT_BITS)
  #used = 0
  #seenNow = 0
  #cycle = 0
  #isDuplicate = false

  constructor(seed: number, memory: SeenMemory) {
    this.#seed = seed
    this.#memory = memory
  }

  /** Whether the key of the last `note` had been noted in the same cycle before. */
  get isDuplicate(): boolean {
    return this.#isDuplicate
  }

  /** Keys that were noted in the current cycle. */
  get size(): number {
    return this.#seenNow
  }

  get cycle(): number {
    return this.#cycle
  }

  /** Starts the next cycle; the first one is 1. */
  begin(): void {
    const staleCount = this.#used - this.#seenNow
    // Moving all keys costs more than a few stale ones do.
    if (this.#memory.kind === 'present' && staleCount * 2 > this.#used) this.#rebuild(this.#cycle)
    if (this.#memory.kind === 'ever' && this.#used > this.#memory.keysMax) this.#rebuild(this.#cycle)
    this.#seenNow = 0
    this.#cycle += 1
  }

  /** Notes a key (`words[from..to)` with `extra`) and answers the cycle since which it has been seen. */
  note(words: Uint32Array, from: number, to: number, extra: number): number {
    const cycle = this.#cycle
    let high = this.#seed ^ extra
    let low = Math.imul(extra, 0x9e3779b1) ^ (to - from)
    for (let index = from; index < to; index += 1) {
      const word = words[index] as number
      high = Math.imul(high ^ word, 0x85ebca6b)
      high ^= high >>> 15
      low = Math.imul(low ^ word, 0xc2b2ae35) + high
      low ^= low >>> 13
    }
    high = Math.imul(high ^ (low >>> 16), 0x27d4eb2f) >>> 0
    low = Math.imul(low ^ (high >>> 15), 0x165667b1) >>> 0

    const slots = this.#slots
    const mask = this.#capacity - 1
    let at = (low & mask) << SLOT_BITS
    for (;;) {
      const first = slots[at + SLOT.first] as number
      if (first === 0) break
      if (slots[at + SLOT.low] === low && slots[at + SLOT.high] === high) return this.#noteAgain(at, first)
      at = (((at >> SLOT_BITS) + 1) & mask) << SLOT_BITS
    }
    slots[at + SLOT.high] = high
    slots[at + SLOT.low] = low
    slots[at + SLOT.first] = cycle
    slots[at + SLOT.last] = cycle
    this.#used += 1
    this.#seenNow += 1
    this.#isDuplicate = false
    if (this.#used * 4 > this.#capacity * 3) this.#rebuild(0)
    return cycle
  }

  #noteAgain(at: number, first: number): number {
    const last = this.#slots[at + SLOT.last] as number
    this.#isDuplicate = last === this.#cycle
    if (this.#isDuplicate) return first
    this.#slots[at + SLOT.last] = this.#cycle
    this.#seenNow += 1
    if (this.#memory.kind === 'ever' || last === this.#cycle - 1) return first
    this.#slots[at + SLOT.first] = this.#cycle
    return this.#cycle
  }

  /** Moves the keys last seen in `since` or later to a table of fitting size, at most half full. */
  #rebuild(since: number): void {
    const former = this.#slots
    const isKept = (at: number) =>
      former[at + SLOT.first] !== 0 && (former[at + SLOT.last] as number) >= since
    let kept = 0
    for (let at = 0; at < former.length; at += 1 << SLOT_BITS) if (isKept(at)) kept += 1

    this.#capacity = Math.max(CAPACITY_MIN, 2 ** Math.ceil(Math.log2(kept * 2 + 1)))
    this.#slots = new Uint32Array(this.#capacity << SLOT_BITS)
    this.#used = kept
    for (let at = 0; at < former.length; at += 1 << SLOT_BITS) if (isKept(at)) this.#place(former, at)
  }

  #place(former: Uint32Array, at: number): void {
    const mask = this.#capacity - 1
    let to = (former[at + SLOT.low] as number) & mask
    while (this.#slots[(to << SLOT_BITS) + SLOT.first] !== 0) to = (to + 1) & mask
    for (let word = 0; word < 1 << SLOT_BITS; word += 1) {
      this.#slots[(to << SLOT_BITS) + word] = former[at + word] as number
    }
  }
}
