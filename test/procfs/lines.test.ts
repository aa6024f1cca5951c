import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanLines } from '../../src/procfs/lines.ts'
import { endlessReader, readerOf } from '../helpers/bytes.ts'

function linesOf(bytes: string | Uint8Array, pieces?: readonly number[]) {
  const lines: string[] = []
  const scan = scanLines(readerOf(bytes, pieces), (buffer, start, end) =>
    lines.push(buffer.toString('latin1', start, end)),
  )
  return { ...scan, lines }
}

describe('scanLines', () => {
  test.each([
    { name: 'nothing', text: '', lines: [], endsWithinLine: false },
    { name: 'one line', text: 'a\n', lines: ['a'], endsWithinLine: false },
    { name: 'empty lines', text: '\n\nb\n', lines: ['', '', 'b'], endsWithinLine: false },
    { name: 'a cut last line is not handed over', text: 'a\nbc', lines: ['a'], endsWithinLine: true },
  ])('$name', ({ text, lines, endsWithinLine }) => {
    expect(linesOf(text)).toMatchObject({ lines, endsWithinLine })
  })

  test('the lines are the same however the kernel cuts its pieces', () => {
    const text = fc
      .array(fc.string({ maxLength: 300 }).map((line) => line.replaceAll('\n', '')))
      .map((lines) => lines.join('\n'))
    const pieces = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 })
    fc.assert(
      fc.property(text, pieces, (whole, cuts) => {
        const bytes = Buffer.from(whole, 'latin1')
        const expected = bytes.toString('latin1').split('\n').slice(0, -1)
        expect(linesOf(bytes, cuts).lines).toEqual(expected)
      }),
    )
  })

  test('a line of a gigabyte is skipped in bounded memory, the next one is read', () => {
    const before = process.memoryUsage().arrayBuffers
    const huge = endlessReader(0x61, 1024 ** 3)
    const rest = readerOf('\nnext\n')
    const lines: string[] = []
    const scan = scanLines(
      (buffer, offset, length) => huge(buffer, offset, length) || rest(buffer, offset, length),
      (buffer, start, end) => lines.push(buffer.toString('latin1', start, end)),
    )
    expect(lines).toEqual(['next'])
    expect(scan).toEqual({ lines: 2, firstOverlong: 1, endsWithinLine: false })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
  })
})
