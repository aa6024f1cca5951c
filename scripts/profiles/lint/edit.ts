/** Changes to a profile file that touch a few characters and leave comments, order and indentation alone. */
import { isCollection, isScalar, isSeq, type Node } from 'yaml'
import { openDocument, type SourceDocument } from '../document.ts'
import { type ProfileFile, placeIn } from '../file.ts'

export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Puts another word or number where one stands, in the quotes that it had. */
export function replaceScalar(file: ProfileFile, path: string, to: string): Edit[] {
  const node = file.document.nodeAt(placeIn(file, path))
  const range = node?.range
  if (!isScalar(node) || range === undefined || range === null) return []
  const [start, end] = range
  const quote = ['"', "'"].find((mark) => file.document.text[start] === mark) ?? ''
  return [{ start, end, text: `${quote}${to}${quote}` }]
}

/** Takes one element out of a list. */
export function removeElement(file: ProfileFile, listPath: string, index: number): Edit[] {
  const node = file.document.nodeAt(placeIn(file, listPath))
  if (!isSeq(node)) return []
  const ranges = (node.items as Node[]).map((item) => item.range)
  const [before, own, after] = [ranges[index - 1], ranges[index], ranges[index + 1]]
  if (!own) return []
  if (!node.flow) return removeLine(file.document, own[0])
  // With the comma: the one before, or for the first element the one behind.
  if (before) return [{ start: before[1], end: own[1], text: '' }]
  return [{ start: own[0], end: after ? after[0] : own[1], text: '' }]
}

/** Of a block list, where an element begins behind `- `. */
function removeLine({ text }: SourceDocument, offset: number): Edit[] {
  const start = text.lastIndexOf('\n', offset) + 1
  const isAlone = /^\s*-\s+$/.test(text.slice(start, offset))
  const lineEnd = text.indexOf('\n', offset)
  return isAlone ? [{ start, end: lineEnd < 0 ? text.length : lineEnd + 1, text: '' }] : []
}

/** Adds a member behind another one of the same object, written as that one is. */
export function addMember(file: ProfileFile, siblingPath: string, name: string, value: string): Edit[] {
  const { text } = file.document
  const position = file.document.positionOf(placeIn(file, siblingPath), 'key')
  const node = file.document.nodeAt(placeIn(file, siblingPath))
  if (!node?.range || isCollection(node)) return []
  const lineStart = startOfLine(text, position.line)
  const keyStart = lineStart + position.column - 1
  const quote = text[keyStart] === '"' ? '"' : ''
  const lead = text.slice(lineStart, keyStart)
  const end = node.range[1]
  const isFlow = text[keyStart] === '"' || !/^\s*$/.test(lead)
  const separator = /^\s*$/.test(lead) ? `\n${lead}` : ' '
  return [{ start: end, end, text: `${isFlow ? ',' : ''}${separator}${quote}${name}${quote}: ${value}` }]
}

function startOfLine(text: string, line: number): number {
  let start = 0
  for (let count = 1; count < line; count++) start = text.indexOf('\n', start) + 1
  return start
}

export interface Fixed {
  readonly text: string
  /** Which of the groups were made, by their position. */
  readonly applied: readonly number[]
}

/**
 * Applies edits from the end to the beginning; of two that touch the same characters the first is made, since the next
 * round finds what is left. `undefined` if the text could not be read any more: then nothing is to be written.
 */
export function applyEdits(
  document: SourceDocument,
  groups: readonly (readonly Edit[])[],
): Fixed | undefined {
  const taken: Edit[] = []
  const applied: number[] = []
  for (const [index, group] of groups.entries()) {
    const isFree = group.every((edit) =>
      taken.every((other) => edit.end < other.start || edit.start > other.end),
    )
    if (group.length === 0 || !isFree) continue
    taken.push(...group)
    applied.push(index)
  }
  let { text } = document
  for (const { start, end, text: to } of taken.sort((a, b) => b.start - a.start)) {
    text = text.slice(0, start) + to + text.slice(end)
  }
  return openDocument(document.path, text).ok ? { text, applied } : undefined
}
