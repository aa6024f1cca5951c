/**
 * The first `max` rows of any number, in the order of their words. A row is some words in one array, so that none of tens
 * of thousands of candidates needs an object.
 *
 * Rows are taken as they come until there are twice as many as wanted. Then the best are selected, and from then on a batch
 * of newly taken ones is looked through each time, and those dropped that come after the worst of the selected. That is few
 * comparisons a row, where a heap needs the logarithm of `max`; and dropped rows leave their places, still in the
 * processor's cache, to the next ones.
 */

const ROWS_MIN = 64
const BATCH_ROWS = 256

export class BestRows {
  readonly #columns: number
  readonly #max: number
  #words: Uint32Array
  /** Where the rows begin: those taken, then free places. */
  #places: Uint32Array
  #count = 0
  /** The number of rows at which something has to be done before another one is taken. */
  #limit = ROWS_MIN
  /** Rows from here on have not been compared with the selected ones. */
  #comparedCount = 0
  /** Whether the first `max` rows taken are the best of an earlier selection, with the last of them at the end. */
  #isSelected = false

  constructor(columns: number, max: number) {
    this.#columns = columns
    this.#max = max
    this.#words = new Uint32Array(ROWS_MIN * columns)
    this.#places = placesOf(ROWS_MIN, columns)
  }

  /** Another array after a `take` that had to make room. */
  get words(): Uint32Array {
    return this.#words
  }

  clear(): void {
    this.#count = 0
    this.#limit = this.#places.length
    this.#isSelected = false
  }

  /** Takes a row and answers where in `words` it is to be written. */
  take(): number {
    if (this.#count === this.#limit) this.#makeRoom()
    const place = this.#places[this.#count] as number
    this.#count += 1
    return place
  }

  /** Where the first `max` rows begin, in order. */
  sorted(): Uint32Array {
    if (this.#count > this.#max) this.#select()
    const words = this.#words
    const columns = this.#columns
    return this.#places.slice(0, this.#count).sort((left, right) => compareRows(words, left, right, columns))
  }

  #makeRoom(): void {
    const room = this.#places.length
    if (room < this.#max * 2) {
      this.#grow(room * 2)
      this.#limit = room * 2
      return
    }
    if (this.#isSelected && this.#max > 0) this.#dropWorse()
    // Otherwise half of the room that is not for the wanted is free.
    if (!this.#isSelected || this.#count - this.#max > (room - this.#max) / 2) this.#select()
    this.#limit = Math.min(room, this.#count + BATCH_ROWS)
  }

  #grow(rows: number): void {
    const words = new Uint32Array(rows * this.#columns)
    words.set(this.#words)
    this.#words = words
    const places = placesOf(rows, this.#columns)
    places.set(this.#places)
    this.#places = places
  }

  /** Of the rows not compared yet, drops those that come after all of the selected. */
  #dropWorse(): void {
    const places = this.#places
    const worst = places[this.#max - 1] as number
    let kept = this.#comparedCount
    for (let index = kept; index < this.#count; index += 1) {
      const place = places[index] as number
      if (compareRows(this.#words, place, worst, this.#columns) > 0) continue
      places[index] = places[kept] as number
      places[kept] = place
      kept += 1
    }
    this.#count = kept
    this.#comparedCount = kept
  }

  #select(): void {
    selectFirst(this.#words, this.#columns, this.#places, this.#count, this.#max)
    this.#count = this.#max
    this.#comparedCount = this.#max
    this.#isSelected = true
  }
}

function placesOf(rows: number, columns: number): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, row) => row * columns)
}

/**
 * Puts the first `wanted` of `count` rows before all others, the last of them at `wanted - 1`, and orders no more than that
 * (C. A. R. Hoare, Algorithm 65: FIND). It is quadratic for an order made to that end; the kernel lists sockets in the
 * order of a hash with a secret (`inet_ehashfn`), and `count` has its bound.
 */
function selectFirst(
  words: Uint32Array,
  columns: number,
  places: Uint32Array,
  count: number,
  wanted: number,
): void {
  let from = 0
  let to = count - 1
  while (from < to) {
    const end = partition(words, columns, places, from, to)
    if (wanted <= end) to = end - 1
    else from = end
  }
}

/** Orders `places[from..to]` so that no row before the answered index comes after one behind it; neither part is empty. */
function partition(
  words: Uint32Array,
  columns: number,
  places: Uint32Array,
  from: number,
  to: number,
): number {
  const pivot = places[(from + to) >>> 1] as number
  let left = from - 1
  let right = to + 1
  for (;;) {
    do left += 1
    while (compareRows(words, places[left] as number, pivot, columns) < 0)
    do right -= 1
    while (compareRows(words, places[right] as number, pivot, columns) > 0)
    if (left >= right) return right + 1
    const place = places[left] as number
    places[left] = places[right] as number
    places[right] = place
  }
}

/** Negative when the left row comes first. */
function compareRows(words: Uint32Array, left: number, right: number, columns: number): number {
  for (let column = 0; column < columns; column += 1) {
    const leftWord = words[left + column] as number
    const rightWord = words[right + column] as number
    if (leftWord !== rightWord) return leftWord < rightWord ? -1 : 1
  }
  return 0
}
