/** Bytes from outside as text, or not at all: a replacement character would be reported as part of the value. */
import { causeText, SourceError } from './source-error.ts'

export function utf8Text(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new SourceError('value', `${what}: not UTF-8 text: ${causeText(error)}`, error)
  }
}
