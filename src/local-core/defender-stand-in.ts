/**
 * Stands in AWS IoT Device Defender's place: checks each report and answers on the topic's `/accepted` or `/rejected`.
 *
 * Sources: AWS IoT Device Defender developer guide, "Device-side metrics" (the report), "Troubleshooting guide" (the
 * replies, thing names) and the service's quotas (a least delay between the reports of one device). What AWS does with a
 * report id that does not grow is not published: such a report is accepted here, with a remark.
 */
import { Decoder, encode } from 'cbor-x'
import type { LocalCoreEvent } from './events.ts'
import type { MessageReply } from './replies.ts'

/** How the service answers. All but `answer` are faults; `duplicate` and `late` are honest in what they say. */
export type ReplyBehavior =
  | 'answer'
  | 'silent' // never answers, like an account without Detect
  | 'reject' // InvalidPayload, whatever the report
  | 'throttle' // Throttled, whatever the interval
  | 'duplicate' // each reply twice
  | 'unknown-id' // with the id of a report that was never sent
  | 'garbage' // bytes that are neither JSON nor CBOR
  | 'late' // after `lateMs`

type Format = 'json' | 'cbor'

export interface ReservedTopic {
  readonly topic: string
  readonly thingName: string
  readonly format: Format
}

export interface DefenderOptions {
  /** Faults of a decoded report, each with the path of the member that is wrong. */
  checkReport(report: unknown): readonly { readonly path: string; readonly message: string }[]
  /** Reports of a thing that are closer than this are throttled; 0: none is. */
  readonly minReportIntervalSeconds: number
  publish(topic: string, payload: Uint8Array): void
  now(): number
  onEvent(event: LocalCoreEvent): void
}

/** The report topic's parts, or undefined for any other topic (a reply's too). */
export function parseReservedTopic(topic: string): ReservedTopic | undefined {
  const [, thingName, format] = /^\$aws\/things\/([^/]+)\/defender\/metrics\/(json|cbor)$/.exec(topic) ?? []
  if (thingName === undefined || format === undefined) return undefined
  return { topic, thingName, format: format as Format }
}

export class DefenderStandIn {
  readonly #options: DefenderOptions
  /** By thing: the last accepted report's id and the time of its arrival. */
  readonly #accepted = new Map<string, { readonly reportId: number; readonly at: number }>()
  readonly #timers = new Set<NodeJS.Timeout>()
  behavior: ReplyBehavior = 'answer'
  lateMs = 3_000

  constructor(options: DefenderOptions) {
    this.#options = options
  }

  /** Takes one report in. The event tells the verdict at once; the reply follows as `behavior` says. */
  take(reserved: ReservedTopic, payload: Uint8Array): void {
    const at = this.#options.now()
    const report = decodeReport(reserved.format, payload)
    const { reply, remarks } = this.#judge(reserved, report, at)
    if (reply.status === 'ACCEPTED') this.#accepted.set(reserved.thingName, { reportId: reply.reportId, at })
    const silent = this.behavior === 'silent'
    this.#options.onEvent({
      event: 'report',
      at,
      status: silent ? 'SILENT' : reply.status,
      ...(reply.reportId !== undefined && { reportId: reply.reportId }),
      bytes: payload.length,
      format: reserved.format,
      topic: reserved.topic,
      report: report instanceof Unreadable ? null : report,
      ...(!silent && { reply }),
      ...(remarks.length > 0 && { remarks }),
    })
    this.#answer(reserved, reply)
  }

  /** Drops the replies that are still to be sent. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #judge(
    { thingName }: ReservedTopic,
    report: unknown,
    at: number,
  ): { reply: MessageReply; remarks: string[] } {
    const reportId = reportIdOf(report)
    const rejected = (ErrorCode: string, ErrorMessage: string, remarks: string[]) => ({
      reply: {
        thingName,
        ...(reportId !== undefined && { reportId }),
        status: 'REJECTED' as const,
        statusDetails: { ErrorCode, ErrorMessage },
        timestamp: at,
      },
      remarks,
    })
    const faults = [...thingNameFaults(thingName), ...this.#reportFaults(report)]
    if (faults.length > 0 || reportId === undefined || this.behavior === 'reject') {
      return rejected('InvalidPayload', 'Malformed metrics report', faults)
    }
    const last = this.#accepted.get(thingName)
    const sinceMs = last === undefined ? Number.POSITIVE_INFINITY : at - last.at
    if (sinceMs < this.#options.minReportIntervalSeconds * 1000 || this.behavior === 'throttle') {
      return rejected('Throttled', 'Device metric minimum delay not met', [])
    }
    const remarks =
      last !== undefined && reportId <= last.reportId
        ? [`report id ${reportId} is not above ${last.reportId}, the last one of this thing`]
        : []
    return { reply: { thingName, reportId, status: 'ACCEPTED', timestamp: at }, remarks }
  }

  #reportFaults(report: unknown): string[] {
    if (report instanceof Unreadable) return [report.reason]
    return this.#options.checkReport(report).map(({ path, message }) => `${path}: ${message}`)
  }

  #answer({ topic, format }: ReservedTopic, reply: MessageReply): void {
    const send = (payload: Uint8Array, delayMs = 0) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#options.publish(`${topic}/${reply.status === 'ACCEPTED' ? 'accepted' : 'rejected'}`, payload)
      }, delayMs)
      this.#timers.add(timer)
    }
    if (this.behavior === 'silent') return
    if (this.behavior === 'garbage') send(GARBAGE)
    else if (this.behavior === 'unknown-id') {
      send(encodeReply(format, { ...reply, reportId: (reply.reportId ?? 0) + 1_000_003 }))
    } else {
      const encoded = encodeReply(format, reply)
      send(encoded, this.behavior === 'late' ? this.lateMs : 0)
      if (this.behavior === 'duplicate') send(encoded)
    }
  }
}

/** No JSON, and no CBOR either: 0xff is a break outside of anything. */
const GARBAGE = Uint8Array.of(0xff, 0xfe, 0x00, 0x7b)

class Unreadable {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/** Report ids are integers of more than 32 bits; `int64AsNumber` (in cbor-x's README, not in its types) spares BigInts. */
const cborOptions = { useRecords: false, mapsAsObjects: true, int64AsNumber: true }
const cbor = new Decoder(cborOptions)

function decodeReport(format: Format, payload: Uint8Array): unknown {
  try {
    if (format === 'cbor') return cbor.decode(payload)
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    return new Unreadable(`not ${format === 'cbor' ? 'CBOR' : 'JSON'}: ${(cause as Error).message}`)
  }
}

function encodeReply(format: Format, reply: MessageReply): Uint8Array {
  if (format === 'json') return Buffer.from(JSON.stringify(reply))
  // cbor-x writes numbers of more than 32 bits as floats; a report id and a timestamp are integers.
  const integers = Object.entries(reply).map(([name, value]) => [
    name,
    Number.isInteger(value) ? BigInt(value as number) : value,
  ])
  return encode(Object.fromEntries(integers))
}

/** In either spelling of the header. */
function reportIdOf(report: unknown): number | undefined {
  const { header, hed } = (report ?? {}) as Record<string, Record<string, unknown> | undefined>
  const id = header?.report_id ?? hed?.rid
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : undefined
}

function thingNameFaults(thingName: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(thingName)) return ['thing name: has control characters']
  return Buffer.byteLength(thingName) > 128 ? ['thing name: longer than 128 bytes'] : []
}
