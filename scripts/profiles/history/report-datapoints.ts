/**
 * A metrics report, as it was published, turned back into the datapoints that Detect makes of it.
 * Source: AWS IoT developer guide, "Device-side metrics" and "Custom metrics"; long and short names alike.
 */
import type { Datapoint, MetricValue } from '../../../src/metrics/datapoint.ts'
import { customValueKeys, type FieldNames, fieldNames } from '../../../src/report/field-names.ts'

type Members = Readonly<Record<string, unknown>>

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const membersOf = (value: unknown): Members => (isMembers(value) ? value : {})

/** The spelling that a report uses, or `undefined` for what is no report. */
function namesOf(document: Members): FieldNames | undefined {
  return Object.values(fieldNames).find((names) => isMembers(document[names.header]))
}

export const isReport = (value: unknown): value is Members => isMembers(value) && namesOf(value) !== undefined

/** Report ids of the agents are epoch milliseconds or seconds; epoch milliseconds, or `undefined` if it is neither. */
export function reportTime(document: Members): number | undefined {
  const names = namesOf(document)
  const given = document.timestamp ?? membersOf(names && document[names.header])[names?.reportId ?? '']
  return epochMs(given)
}

/** 1e11 seconds are the year 5138, 1e11 milliseconds are March 1973. */
const SECONDS_BELOW = 1e11

export function epochMs(given: unknown): number | undefined {
  const number = typeof given === 'string' ? Date.parse(given) : Number(given)
  if (!Number.isFinite(number) || number <= 0) return undefined
  return number < SECONDS_BELOW ? number * 1000 : number
}

/** What is not there, or not of its type, gives no datapoint. */
export function datapointsOfReport(document: Members): Datapoint[] {
  const names = namesOf(document)
  if (names === undefined) return []
  const metrics = membersOf(document[names.metrics])
  const established = membersOf(membersOf(metrics[names.tcpConnections])[names.establishedConnections])
  return [
    ...traffic(membersOf(metrics[names.networkStats]), names),
    ...listeners('tcp', membersOf(metrics[names.listeningTcpPorts]), names),
    ...listeners('udp', membersOf(metrics[names.listeningUdpPorts]), names),
    ...connections(established, names),
    ...custom(membersOf(document[names.customMetrics])),
  ]
}

const count = (metric: string, value: unknown): Datapoint[] =>
  typeof value === 'number' && value >= 0 ? [{ metric, value: { count: value } }] : []

function traffic(stats: Members, names: FieldNames): Datapoint[] {
  return [
    ...count('aws:all-bytes-out', stats[names.bytesOut]),
    ...count('aws:all-bytes-in', stats[names.bytesIn]),
    ...count('aws:all-packets-out', stats[names.packetsOut]),
    ...count('aws:all-packets-in', stats[names.packetsIn]),
  ]
}

function listeners(protocol: 'tcp' | 'udp', listening: Members, names: FieldNames): Datapoint[] {
  const entries = listening[names.ports]
  const ports = Array.isArray(entries)
    ? entries.map((entry) => membersOf(entry)[names.port]).filter((port) => typeof port === 'number')
    : undefined
  return [
    ...count(`aws:num-listening-${protocol}-ports`, listening[names.total] ?? ports?.length),
    ...(ports === undefined
      ? []
      : [{ metric: `aws:listening-${protocol}-ports`, value: { ports: [...new Set(ports)] } }]),
  ]
}

function connections(established: Members, names: FieldNames): Datapoint[] {
  const entries = established[names.connections]
  const hosts = Array.isArray(entries)
    ? entries.flatMap((entry) => hostOf(membersOf(entry)[names.remoteAddress]) ?? [])
    : undefined
  return [
    ...count('aws:num-established-tcp-connections', established[names.total] ?? hosts?.length),
    ...(hosts === undefined
      ? []
      : [{ metric: 'aws:destination-ip-addresses', value: { cidrs: [...new Set(hosts)] } }]),
  ]
}

/** `192.0.2.7:443`, `[2001:db8::7]:443`. */
function hostOf(remote: unknown): string | undefined {
  const [, v6, v4] = (typeof remote === 'string' && /^(?:\[([^\]]+)\]|([^:]+)):\d+$/.exec(remote)) || []
  return v6 ?? v4
}

function custom(metrics: Members): Datapoint[] {
  return Object.entries(metrics).flatMap(([metric, content]): Datapoint[] => {
    const value = membersOf(Array.isArray(content) ? content[0] : undefined)
    const found = customValue(value)
    return found === undefined ? [] : [{ metric, value: found }]
  })
}

function customValue(value: Members): MetricValue | undefined {
  const { number, 'number-list': numbers, 'string-list': strings, 'ip-address-list': ips } = customValueKeys
  return metricValueOf({
    number: value[number],
    numbers: value[numbers],
    strings: value[strings],
    cidrs: value[ips],
  })
}

/** A value of unknown origin as a MetricValue; `undefined` unless exactly one member is of its type. */
export function metricValueOf(given: unknown): MetricValue | undefined {
  const present = Object.entries(membersOf(given)).filter(
    ([, content]) => content !== undefined && content !== null,
  )
  const [member, content] = present[0] ?? []
  if (present.length !== 1 || member === undefined) return undefined
  const isListOf = (type: 'number' | 'string') =>
    Array.isArray(content) && content.every((each) => typeof each === type)
  const fits =
    ((member === 'count' || member === 'number') && typeof content === 'number') ||
    ((member === 'ports' || member === 'numbers') && isListOf('number')) ||
    ((member === 'cidrs' || member === 'strings') && isListOf('string'))
  return fits ? ({ [member]: content } as unknown as MetricValue) : undefined
}
