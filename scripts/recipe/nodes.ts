/**
 * Reading a recipe's YAML (or JSON) with positions, and collecting what is wrong with it.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { nearest, oneOfText } from '../../src/config/problem.ts'

export interface RecipeFault {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
  /** An error stops a build; a warning is about what one of the nuclei passes over. */
  readonly severity: 'error' | 'warning'
  readonly message: string
}

/** `recipes/x.yaml:12:7: error: …`, as editors and CI systems know it. */
export function formatRecipeFaults(faults: readonly RecipeFault[]): string {
  return faults
    .map(({ file, line, column, severity, message }) => `${file}:${line}:${column}: ${severity}: ${message}`)
    .join('\n')
}

export interface Entry {
  readonly key: string
  readonly keyNode: Node | undefined
  readonly value: unknown
}

/** One recipe while it is being checked: turns nodes into positions, and keeps the faults in their order. */
export class RecipeReader {
  readonly root: unknown
  readonly #file: string
  readonly #lines = new LineCounter()
  readonly #faults: RecipeFault[] = []

  constructor(file: string, text: string) {
    this.#file = file
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
    for (const { pos, message } of [...document.errors, ...document.warnings])
      this.#add('error', pos[0], message)
    this.root = document.errors.length > 0 ? undefined : document.contents
  }

  faults(): RecipeFault[] {
    return this.#faults.toSorted((a, b) => a.line - b.line || a.column - b.column)
  }

  error(node: unknown, message: string): void {
    this.#add('error', offsetOf(node), message)
  }

  warn(node: unknown, message: string): void {
    this.#add('warning', offsetOf(node), message)
  }

  #add(severity: RecipeFault['severity'], offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset)
    this.#faults.push({
      file: this.#file,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      severity,
      message,
    })
  }

  /** The entries of a map; anything else is a fault, and has none. */
  entries(node: unknown, what: string): Entry[] {
    if (isMap(node)) return entriesOf(node)
    this.error(node, `${what} is not a map`)
    return []
  }

  /** The same, where each key must be one of `known`, in this spelling: nucleus lite heeds the case. */
  knownEntries(node: unknown, what: string, known: readonly string[]): Map<string, Entry> {
    const entries = this.entries(node, what)
    for (const { key, keyNode } of entries) {
      if (known.includes(key)) continue
      const near = nearest(key, known)
      const hint = near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`
      this.error(keyNode, `${what}: ${JSON.stringify(key)} is not known; ${hint}`)
    }
    return new Map(entries.map((entry) => [entry.key, entry]))
  }

  /** The members of a list; anything else is a fault, and has none. */
  members(node: unknown, what: string): readonly unknown[] {
    if (isSeq(node)) return node.items
    this.error(node, `${what} is not a list`)
    return []
  }

  /** A scalar that is a string in YAML too: `1.0` without quotes is a number, which loses its last digit. */
  string(node: unknown, what: string): string | undefined {
    const value = scalar(node)
    if (typeof value === 'string') return value
    this.error(
      node,
      `${what} is not a string${value === undefined ? '' : `; put ${String(value)} in quotes`}`,
    )
    return undefined
  }

  /** A string that is one of `words`. */
  word(node: unknown, what: string, words: readonly string[]): string | undefined {
    const value = this.string(node, what)
    if (value === undefined || words.includes(value)) return value
    this.error(node, `${what}: ${JSON.stringify(value)} is not ${oneOfText(words)}`)
    return undefined
  }
}

export function entriesOf(map: YAMLMap): Entry[] {
  return map.items.map(({ key, value }) => ({
    key: String(scalar(key) ?? key),
    keyNode: key as Node | undefined,
    value,
  }))
}

/** The value of a scalar node; `undefined` for every other node. */
export const scalar = (node: unknown): unknown => (isScalar(node) ? node.value : undefined)

const offsetOf = (node: unknown): number => (node as Node | null | undefined)?.range?.[0] ?? 0
