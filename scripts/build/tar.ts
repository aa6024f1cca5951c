/**
 * Reads single files out of a tar archive as npm makes them. Source: POSIX.1-2017, pax, "ustar Interchange Format":
 * blocks of 512 bytes, each file's header before its content.
 */
const BLOCK_BYTES = 512
const NAME = { at: 0, bytes: 100 }
const SIZE = { at: 124, bytes: 12 } // octal digits
const TYPE_AT = 156
const REGULAR = ['0', '\0']

/** Those of the wanted names that are there; the contents are views into `tar`. Throws where a header is damaged. */
export function readTar(tar: Uint8Array, wanted: readonly string[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (let at = 0; at + BLOCK_BYTES <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK_BYTES)
    const name = field(header, NAME)
    if (name === '') break
    const digits = field(header, SIZE).trim()
    if (!/^[0-7]+$/.test(digits)) throw new Error(`tar: ${name}: the size is ${JSON.stringify(digits)}`)
    const start = at + BLOCK_BYTES
    const end = start + Number.parseInt(digits, 8)
    if (end > tar.length) throw new Error(`tar: ${name} is cut off`)
    const isRegular = REGULAR.includes(String.fromCharCode(header[TYPE_AT] ?? 0))
    if (isRegular && wanted.includes(name)) files.set(name, tar.subarray(start, end))
    at = start + Math.ceil((end - start) / BLOCK_BYTES) * BLOCK_BYTES
  }
  return files
}

function field(header: Uint8Array, { at, bytes }: { at: number; bytes: number }): string {
  const [text = ''] = Buffer.from(header.subarray(at, at + bytes))
    .toString('latin1')
    .split('\0')
  return text
}
