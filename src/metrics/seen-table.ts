/**
 * Remembers since which cycle a key has been seen, for tens of thousands of keys at a few bytes each.
 *
 * A key is kept as a 64-bit fingerprint of its words, so that IPv4 and IPv6 cost the same: among 50,000 keys the chance
 * that any two share a fingerprint is below 1 in 10^10, and `seed` keeps an attacker from making one. A shared
 * fingerprint would merge two entries, nothing worse.
 *
 * Entries stand side by side in the order in which they were first noted; an index with open addressing finds them. The
 * kernel lists the same sockets in much the same order each time, so each entry also tells which one followed it last
 * time. While that holds the index is not asked: two megabytes touched in the order of a hash cost more than parsing.
 */

/** How long a key is remembered that is no longer there. */
export type SeenMemory =
  | { readonly kind: 'present' } // not at all: after a gap of one cycle it is new again
  | { readonly kind: 'ever'; readonly keysMax: number } // until there are more than `keysMax`; then those not there go

const ENTRIES_MIN = 64

/** Words of an entry. `next`: the number of the entry noted after it, 0 while there is none. */
const WORD = { high: 0, low: 1, first: 2, last: 3, next: 4 } as const
const WORDS = 5

/** Entry 0 is no key: its `next` is the entry that a cycle begins with, and an index of 0 is a free place. */
const START = 0

export class SeenTable {
  readonly #seed: number
  readonly #memory: SeenMemory
  #entries = new Uint32Array(ENTRIES_MIN * WORDS)
  /** Entries in use, `START` among them. */
  #used = 1
  /** Numbers of entries; twice as many places as there is room for entries, so that a search is short. */
  #index = new Uint32Array(ENTRIES_MIN * 2)
  #previous = START
  #seenNow = 0
  #cycle = 0
  #isDuplicate = false
  #renumberings = 0

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

  /** How often the entries have been given other numbers; that happens in `begin` alone. */
  get renumberings(): number {
    return this.#renumberings
  }

  /** Starts the next cycle; the first one is 1. */
  begin(): void {
    const keys = this.#used - 1
    // Moving all keys costs more than a few stale ones do.
    if (this.#memory.kind === 'present' && (keys - this.#seenNow) * 2 > keys) this.#forgetStale()
    if (this.#memory.kind === 'ever' && keys > this.#memory.keysMax) this.#forgetStale()
    this.#previous = START
    this.#seenNow = 0
    this.#cycle += 1
  }

  /** Notes a key (`words[from..to)` with `extra`) and answers the number of its entry, at least 1. */
  note(words: Uint32Array, from: number, to: number, extra: number): number {
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

    const entries = this.#entries
    const previousNext = this.#previous * WORDS + WORD.next
    let entry = entries[previousNext] as number
    const at = entry * WORDS
    if (entry === START || entries[at + WORD.low] !== low || entries[at + WORD.high] !== high) {
      entry = this.#find(high, low)
      // Not `entries`: the table may have grown.
      this.#entries[previousNext] = entry
    }
    this.#previous = entry
    this.noteEntry(entry)
    return entry
  }

  /** Notes the key of an entry whose number is known; it must be from after the last renumbering. */
  noteEntry(entry: number): void {
    const entries = this.#entries
    const at = entry * WORDS
    const cycle = this.#cycle
    const last = entries[at + WORD.last] as number
    this.#isDuplicate = last === cycle
    if (last === cycle) return
    entries[at + WORD.last] = cycle
    this.#seenNow += 1
    // A new entry was last seen in cycle 0, as if before a gap.
    const isGap = this.#memory.kind === 'ever' ? last === 0 : last !== cycle - 1 || last === 0
    if (isGap) entries[at + WORD.first] = cycle
  }

  /** The cycle since which the key has been seen. */
  firstCycleOf(entry: number): number {
    return this.#entries[entry * WORDS + WORD.first] as number
  }

  /** The entry with that fingerprint, made when there is none. */
  #find(high: number, low: number): number {
    const entries = this.#entries
    const index = this.#index
    const mask = index.length - 1
    let place = low & mask
    for (;;) {
      const entry = index[place] as number
      if (entry === START) break
      const at = entry * WORDS
      if (entries[at + WORD.low] === low && entries[at + WORD.high] === high) return entry
      place = (place + 1) & mask
    }
    const entry = this.#used
    if ((entry + 1) * WORDS > entries.length) {
      this.#grow()
      place = this.#freePlace(low)
    }
    const at = entry * WORDS
    this.#entries[at + WORD.high] = high
    this.#entries[at + WORD.low] = low
    this.#index[place] = entry
    this.#used += 1
    return entry
  }

  #grow(): void {
    const former = this.#entries
    this.#entries = new Uint32Array(former.length * 2)
    this.#entries.set(former)
    this.#makeIndex(this.#index.length * 2)
  }

  #makeIndex(places: number): void {
    this.#index = new Uint32Array(places)
    for (let entry = START + 1; entry < this.#used; entry += 1) {
      this.#index[this.#freePlace(this.#entries[entry * WORDS + WORD.low] as number)] = entry
    }
  }

  #freePlace(low: number): number {
    const mask = this.#index.length - 1
    let place = low & mask
    while (this.#index[place] !== START) place = (place + 1) & mask
    return place
  }

  /** Moves the keys of the current cycle to a table of fitting size, at most half full. */
  #forgetStale(): void {
    const former = this.#entries
    const capacity = Math.max(ENTRIES_MIN, 2 ** Math.ceil(Math.log2((this.#seenNow + 1) * 2)))
    const entries = new Uint32Array(capacity * WORDS)
    let used = START + 1
    for (let at = WORDS; at < this.#used * WORDS; at += WORDS) {
      if (former[at + WORD.last] !== this.#cycle) continue
      const to = used * WORDS
      for (let word = 0; word < WORDS; word += 1) entries[to + word] = former[at + word] as number
      // Who followed whom had the old numbers; the order in which they were first noted is a good guess.
      entries[to - WORDS + WORD.next] = used
      used += 1
    }
    entries[(used - 1) * WORDS + WORD.next] = START
    this.#entries = entries
    this.#used = used
    this.#renumberings += 1
    this.#makeIndex(capacity * 2)
  }
}
