/**
 * What Device Defender answers to a report: accepted or rejected. "Accepted" means only that it could be read.
 *
 * Source: AWS IoT developer guide, "Device-side metrics" and "Troubleshooting". The published samples differ from what
 * AWS's own agents read (one has the report id as a key, a rejection has none), so that every part but the verdict is
 * optional here. A reply is input from outside: whatever its bytes are, the answer is a value and never an exception.
 */
import type { Codec } from './codec.ts'
import { REPLY_BYTES_MAX, REPLY_TEXT_MAX } from './limits.ts'

interface Answer {
  readonly reportId?: number
  /** When the service answered, epoch milliseconds. */
  readonly at?: number
}

export type Reply =
  | ({ readonly kind: 'accepted' } & Answer)
  | ({
      readonly kind: 'rejected'
      /** AWS documents `InvalidPayload` alone; others occur. */
      readonly code?: string
      readonly message?: string
    } & Answer)
  | { readonly kind: 'unreadable'; readonly reason: string }

export function parseReply(payload: Uint8Array, codec: Pick<Codec, 'format' | 'decode'>): Reply {
  if (payload.length > REPLY_BYTES_MAX) {
    return unreadable(`${payload.length} bytes, more than an MQTT message of AWS IoT Core can hold`)
  }
  try {
    return replyOf(codec.decode(payload))
  } catch (error) {
    return unreadable(
      `not ${codec.format.toUpperCase()}: ${error instanceof Error ? error.message : 'undecodable'}`,
    )
  }
}

function replyOf(document: unknown): Reply {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return unreadable(`expected an object, got ${Array.isArray(document) ? 'a list' : typeof document}`)
  }
  const status = text(member(document, 'status'))?.toUpperCase()
  const answer = {
    ...defined('reportId', integer(member(document, 'reportId', 'report_id', 'rid'))),
    ...defined('at', integer(member(document, 'timestamp'))),
  }
  if (status === 'ACCEPTED') return { kind: 'accepted', ...answer }
  if (status !== 'REJECTED')
    return unreadable(`status: expected ACCEPTED or REJECTED, got ${status ?? 'none'}`)

  const details = member(document, 'statusDetails')
  return {
    kind: 'rejected',
    ...defined('code', text(member(details, 'ErrorCode', 'errorCode'))),
    ...defined('message', text(member(details, 'ErrorMessage', 'errorMessage'))),
    ...answer,
  }
}

function unreadable(reason: string): Reply {
  return { kind: 'unreadable', reason: reason.slice(0, REPLY_TEXT_MAX) }
}

/** The first of the spellings that is there. */
function member(value: unknown, ...keys: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const key = keys.find((candidate) => Object.hasOwn(value, candidate))
  return key === undefined ? undefined : (value as Record<string, unknown>)[key]
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, REPLY_TEXT_MAX) : undefined
}

/** CBOR integers of 64 bits are decoded as bigints. */
function integer(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V })
}
