/** Text in lines of at most a width, broken at blanks where there are any. */
import { printable } from '../../render/terminal.ts'

export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text)
    .split(' ')
    .flatMap((each) => piecesOf(each, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** A word that no line is long enough for. */
const piecesOf = (word: string, width: number): string[] =>
  word.length <= width ? [word] : [word.slice(0, width), ...piecesOf(word.slice(width), width)]
