/**
 * An event as one line of JSON. A report decoded from CBOR may hold what JSON has no word for: large integers come as
 * bigint, byte strings as Uint8Array.
 */
export const toJsonLine = (value: object): string => JSON.stringify(value, plain)

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value
}
