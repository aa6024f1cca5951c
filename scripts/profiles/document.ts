/**
 * A JSON or YAML text with the place of everything in it, so that a fault can name its line and an edit can change a
 * few characters and leave the rest, comments and all, as it is.
 *
 * JSON is read strictly, because the AWS CLI will; YAML is 1.2 with merge keys (`<<`), one document a file.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { jsonFault } from './json-syntax.ts'

export interface Position {
  /** Both from 1. */
  readonly line: number
  readonly column: number
}

export interface SourceDocument {
  readonly path: string
  readonly text: string
  /** The content as plain data. */
  readonly value: unknown
  /** Where the value at a path such as `behaviors[2].criteria.value` stands; of what is not there, what it is missing in. */
  positionOf(path: string, of?: 'key' | 'value'): Position
  /** The node at exactly that path. */
  nodeAt(path: string): Node | undefined
}

interface SyntaxFault extends Position {
  readonly problem: string
}

export type OpenedDocument =
  | { readonly ok: true; readonly document: SourceDocument }
  | { readonly ok: false; readonly faults: readonly SyntaxFault[] }

/** An alias stands for all it names: a few lines of them could fill the memory. */
const ALIASES_MAX = 100

export function openDocument(path: string, text: string): OpenedDocument {
  const lines = new LineCounter()
  const content = text.startsWith('\ufeff') ? text.slice(1) : text
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const fail = (faults: readonly SyntaxFault[]): OpenedDocument => ({ ok: false, faults })
  try {
    const parsed = parseDocument(content, {
      lineCounter: lines,
      merge: true,
      prettyErrors: false,
      version: '1.2',
    })
    const inJson = path.endsWith('.json') ? jsonFault(content) : undefined
    if (inJson !== undefined) return fail([{ ...positionAt(inJson.offset), problem: inJson.problem }])
    const wrong = [...parsed.errors, ...parsed.warnings]
    if (wrong.length > 0) {
      return fail(wrong.map((each) => ({ ...positionAt(each.pos[0]), problem: problemOf(each) })))
    }
    const value = plainValue(parsed)
    if (value === undefined)
      return fail([{ line: 1, column: 1, problem: 'has aliases that stand for too much' }])
    return { ok: true, document: documentOf(path, content, value.plain, parsed, positionAt) }
  } catch (error) {
    // The stack ends before a nesting without end does.
    if (!(error instanceof RangeError)) throw error
    return fail([{ line: 1, column: 1, problem: 'is nested too deep' }])
  }
}

function problemOf({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === 'MULTIPLE_DOCS') return 'is a second document; a file holds one'
  return `is not YAML: ${message.split('\n')[0]}`
}

function plainValue(parsed: Document): { readonly plain: unknown } | undefined {
  try {
    return { plain: parsed.toJS({ maxAliasCount: ALIASES_MAX }) }
  } catch (error) {
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

function documentOf(
  path: string,
  text: string,
  value: unknown,
  parsed: Document,
  positionAt: (offset: number) => Position,
): SourceDocument {
  return {
    path,
    text,
    value,
    positionOf: (place, of = 'value') => {
      const found = follow(parsed, place)
      const node = of === 'key' && found.isWhole ? (found.key ?? found.node) : found.node
      return positionAt(node?.range?.[0] ?? 0)
    },
    nodeAt: (place) => {
      const found = follow(parsed, place)
      return found.isWhole ? found.node : undefined
    },
  }
}

interface Found {
  readonly node: Node | undefined
  readonly key?: Node | undefined
  /** Whether the whole path is there. */
  readonly isWhole: boolean
}

/** Walks as far as the path goes. Keys are matched as they stand in the text, since a strange one may hold dots. */
function follow(document: Document, path: string): Found {
  let node = document.contents as Node | null | undefined
  let key: Node | undefined
  let rest = path
  while (rest !== '') {
    const inside = isAlias(node) ? node.resolve(document) : node
    const step = isMap(inside)
      ? intoMap(inside, rest)
      : isSeq(inside)
        ? intoList(inside.items, rest)
        : undefined
    if (step === undefined) return { node: node ?? undefined, key, isWhole: false }
    ;({ node, key, rest } = step)
  }
  return { node: node ?? undefined, key, isWhole: true }
}

interface Step {
  readonly node: Node | null | undefined
  readonly key: Node | undefined
  readonly rest: string
}

function intoMap(map: YAMLMap, rest: string): Step | undefined {
  const wanted = rest.startsWith('.') ? rest.slice(1) : rest
  const pairs = map.items as readonly Pair<Node, Node | null>[]
  const matching = pairs.flatMap((pair) => {
    const name = isScalar(pair.key) ? String(pair.key.value) : undefined
    const isPrefix =
      name !== undefined && wanted.startsWith(name) && /^(?:$|[.[])/.test(wanted.slice(name.length))
    return isPrefix ? [{ pair, name }] : []
  })
  const longest = matching.sort((a, b) => b.name.length - a.name.length)[0]
  if (longest === undefined) return undefined
  const { pair, name } = longest
  return { node: pair.value ?? pair.key, key: pair.key, rest: wanted.slice(name.length) }
}

function intoList(items: readonly unknown[], rest: string): Step | undefined {
  const [whole, index] = /^\[(\d+)\]/.exec(rest) ?? []
  const node = index === undefined ? undefined : (items[Number(index)] as Node | undefined)
  return node === undefined || whole === undefined
    ? undefined
    : { node, key: undefined, rest: rest.slice(whole.length) }
}
