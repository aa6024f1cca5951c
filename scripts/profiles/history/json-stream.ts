/** JSON values out of a file of any size: one a line, or one that is the whole file, pretty-printed or not. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** A line, or a file that is one value: larger ones are no report and no datapoint. */
const VALUE_BYTES_MAX = 64 * 1024 * 1024

export interface JsonStreamOptions {
  /** Called with the bytes read since the last call. */
  readonly onBytes?: (count: number) => void
  /** Called for each line that is not JSON, with its number. */
  readonly onFault?: (line: number) => void
}

/** The values in batches, as they were read: a promise for each would cost more than all the parsing. */
export async function* jsonValues(path: string, options: JsonStreamOptions = {}): AsyncGenerator<unknown[]> {
  let rest = ''
  let line = 0
  let isWhole: boolean | undefined
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
    const text = chunk as string
    options.onBytes?.(text.length)
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > VALUE_BYTES_MAX)
      throw new Error(`${path}: a line is longer than ${VALUE_BYTES_MAX} characters`)
    if (isWhole === undefined && lines.length > 0) isWhole = parsed(lines[0] as string) === undefined
    if (isWhole === true) break
    const values = lines.flatMap((each) => {
      line++
      return valuesOfLine(each, line, options)
    })
    if (values.length > 0) yield values
  }
  if (isWhole === true) yield* wholeFile(path, options)
  else if (rest.trim() !== '') yield valuesOfLine(rest, line + 1, options)
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function valuesOfLine(text: string, line: number, { onFault }: JsonStreamOptions): unknown[] {
  if (text.trim() === '') return []
  const value = parsed(text)
  if (value === undefined) {
    onFault?.(line)
    return []
  }
  return Array.isArray(value) ? value : [value]
}

async function* wholeFile(path: string, { onFault }: JsonStreamOptions): AsyncGenerator<unknown[]> {
  const value = parsed(await readFile(path, 'utf8'))
  if (value === undefined) onFault?.(1)
  else yield Array.isArray(value) ? value : [value]
}
