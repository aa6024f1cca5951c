/**
 * The words of configuration faults. A problem is what comes after the value in a fault's sentence, as in
 * `SampleIntervalSeconds: 0 is below 1, the least it can be`; each is made here, so that all of them read alike.
 */

/** Values are quoted in faults up to this length: enough to recognise them, short enough for one log line. */
const SHOWN_CHARACTERS_MAX = 60

/** The value as JSON, cut in its middle when it is long. */
export const show = (value: unknown): string => cutText(json(value))

/** The text, cut in its middle when it is long. */
export function cutText(text: string): string {
  if (text.length <= SHOWN_CHARACTERS_MAX) return text
  const head = Math.floor(SHOWN_CHARACTERS_MAX * 0.7)
  return `${text.slice(0, head)}…${text.slice(head - SHOWN_CHARACTERS_MAX + 1)}`
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return '(nested too deep to show)' // The engine's stack ends before such a value does.
  }
}

/** `a, b or c` */
export function oneOfText(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** For a key that is not in `known`: the nearest one if there is a near one, else all that there are. */
export function unknownProblem(key: string, known: readonly string[], what = 'parameter'): string {
  const near = nearest(key, known)
  return near === undefined
    ? `is not a known ${what}; there are ${known.join(', ')}`
    : `is not a known ${what}; did you mean ${near}?`
}

/** The word of `words` that a typing mistake of `word` is likely to have meant. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: { word: string; edits: number } | undefined
  for (const candidate of words) {
    const edits = editDistance(fold(word), fold(candidate))
    if (
      edits <= Math.max(1, Math.floor(candidate.length / 3)) &&
      (best === undefined || edits < best.edits)
    ) {
      best = { word: candidate, edits }
    }
  }
  return best?.word
}

/** Spellings that differ in case and separators only are the same word: log_level, LogLevel. */
const fold = (word: string) =>
  word
    .slice(0, SHOWN_CHARACTERS_MAX)
    .toLowerCase()
    .replaceAll(/[-_. ]/g, '')

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
