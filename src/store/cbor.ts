/**
 * CBOR for the stores, through cbor-x, loaded when the first store opens.
 *
 * The subpath `cbor-x/encode` is the whole library without its native accelerator, which costs 6 MB resident and 25 ms
 * at start (measured on Node 20) to speed up work that takes a millisecond an interval here.
 */
export interface Cbor {
  /** A view into a buffer the library may reuse: copy it before the next call, as `frame` does. */
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

export async function loadCbor(): Promise<Cbor> {
  const { encode, decode } = await import('cbor-x/encode')
  return { encode, decode }
}
