/**
 * Text of a device's in YAML that people read, in an editor or on the terminal: it is what it was, or marked, and never
 * more YAML than the value or the comment it stands in.
 */
import { stringify } from 'yaml'
import { printable } from '../../render/terminal.ts'

/** What ends a line for some reader of YAML (1.1 has U+2028 and U+2029) or may not stand in it (1.2, section 5.1). */
const noComment = /[\u2028\u2029\ufeff\ufffe\uffff]/gu

export const commentLine = (indent: string, text: string): string =>
  `${indent}# ${printable(text).replace(noComment, '\ufffd')}`

/** Left by JSON as they are: DEL and C1, what `noComment` lists, and what turns the direction of writing. */
const unescaped = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu

/** Double-quoted, all that cannot be seen being escaped. */
export const quoted = (value: number | string): string =>
  JSON.stringify(value).replace(
    unescaped,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** As it is where that is read as the same text: `123`, `null` and `a:` would be something else. */
export const named = (text: string): string =>
  stringify(text, { lineWidth: 0 }) === `${text}\n` ? text : quoted(text)
