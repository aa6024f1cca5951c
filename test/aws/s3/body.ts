/**
 * The content of an upload and its checksums, all of which are verified. Sources: S3 API reference, "Signature
 * calculations for the Authorization header: transferring payload in multiple chunks" and "... including trailing
 * headers"; S3 user guide, "Checking object integrity".
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ServiceRequest } from '../service.ts'
import { s3Error } from './errors.ts'
import type { Checksum, ChecksumAlgorithm } from './state.ts'

export interface Content {
  readonly body: Buffer
  /** MD5, hexadecimal. */
  readonly etag: string
  /** The one that came with it. */
  readonly checksum?: Checksum
}

export const digests: Readonly<Record<ChecksumAlgorithm, (body: Buffer) => Buffer>> = {
  crc32: (body) => {
    const digest = Buffer.alloc(4)
    digest.writeUInt32BE(crc32(body))
    return digest
  },
  sha1: (body) => createHash('sha1').update(body).digest(),
  sha256: (body) => createHash('sha256').update(body).digest(),
}

const ALGORITHMS = Object.keys(digests) as readonly ChecksumAlgorithm[]
/** These S3 knows as well; no client of these tests uses them. */
const NOT_HERE = ['crc32c', 'crc64nvme']

export const isAlgorithm = (name: string): name is ChecksumAlgorithm =>
  (ALGORITHMS as readonly string[]).includes(name)

export function readContent({ headers, body: raw }: ServiceRequest): Content {
  const sent = String(headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD')
  const { body, trailers } = sent.startsWith('STREAMING-') ? unchunk(raw) : { body: raw, trailers: {} }
  const announced = headers['x-amz-decoded-content-length']
  if (announced !== undefined && Number(announced) !== body.length) {
    throw s3Error('IncompleteBody', 'You did not provide the number of bytes specified by the header')
  }
  if (/^[0-9a-f]{64}$/.test(sent) && digests.sha256(body).toString('hex') !== sent) {
    throw s3Error(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
  }
  const md5 = createHash('md5').update(body).digest()
  const givenMd5 = headers['content-md5']
  if (givenMd5 !== undefined && givenMd5 !== md5.toString('base64')) {
    throw s3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.')
  }
  const checksum = verify(body, { ...headers, ...trailers })
  return { body, etag: md5.toString('hex'), ...(checksum === undefined ? {} : { checksum }) }
}

function verify(body: Buffer, headers: Readonly<Record<string, unknown>>): Checksum | undefined {
  const given = (algorithm: string) => headers[`x-amz-checksum-${algorithm}`]
  const foreign = NOT_HERE.find((algorithm) => given(algorithm) !== undefined)
  if (foreign !== undefined) {
    throw s3Error('NotImplemented', `The stand-in does not compute checksums of the kind ${foreign}`)
  }
  const named = ALGORITHMS.filter((algorithm) => given(algorithm) !== undefined)
  const [algorithm] = named
  if (algorithm === undefined) return undefined
  if (named.length > 1) throw s3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.')
  const value = String(given(algorithm))
  const computed = digests[algorithm](body)
  if (Buffer.from(value, 'base64').length !== computed.length) {
    throw s3Error('InvalidRequest', `Value for x-amz-checksum-${algorithm} header is invalid.`)
  }
  if (computed.toString('base64') !== value) {
    throw s3Error(
      'BadDigest',
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    )
  }
  return { algorithm, value, type: 'FULL_OBJECT' }
}

interface Unchunked {
  readonly body: Buffer
  readonly trailers: Readonly<Record<string, string>>
}

/** Chunks are `size in hex[;chunk-signature=...]`, CRLF, the bytes, CRLF; one of size 0 ends them. */
function unchunk(raw: Buffer): Unchunked {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = raw.indexOf('\r\n', at)
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(raw.toString('latin1', at, lineEnd), 16)
    const start = lineEnd + 2
    if (Number.isNaN(size) || start + size > raw.length) {
      throw s3Error('IncompleteBody', 'The request body terminated unexpectedly')
    }
    if (size === 0)
      return { body: Buffer.concat(pieces), trailers: trailersOf(raw.toString('latin1', start)) }
    pieces.push(raw.subarray(start, start + size))
    at = start + size + 2
  }
}

const trailersOf = (text: string) =>
  Object.fromEntries(
    text
      .split(/\r?\n/)
      .map((line) => /^([^:]+):(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, name = '', value = '']) => [name.trim().toLowerCase(), value.trim()]),
  )
