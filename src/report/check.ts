/**
 * Checks a decoded report against the published format and names every fault with its path. It is written from the
 * format's table and not from the code that builds reports, so that the one can find the other's mistakes.
 *
 * Source: AWS IoT developer guide, "Device-side metrics" (metrics report: required fields, types, constraints) and
 * "Custom metrics". AWS ignores a `null` block; this does too. Whether it takes unknown fields, or long and short names
 * in one report, is not published: here both are faults.
 */
import { isIP } from 'node:net'
import { customMetricNameFault } from '../metrics/custom.ts'
import { customValueKeys, type FieldNames, fieldNames, type Spelling } from './field-names.ts'
import { REPORT_FAULTS_MAX } from './limits.ts'

export interface ReportFault {
  /** `metrics.listening_tcp_ports.ports[3].port`; empty for the report as a whole. */
  readonly path: string
  readonly message: string
}

/** At most `REPORT_FAULTS_MAX` faults, none for a report that Device Defender would accept. Never throws. */
export function checkReport(report: unknown): ReportFault[] {
  const faults: ReportFault[] = []
  const spelling = spellingOf(report)
  const format = reportFormat({ names: fieldNames[spelling], spelling })
  format(report, '', (path, message) => {
    if (faults.length < REPORT_FAULTS_MAX) faults.push({ path, message })
  })
  return faults
}

/** A report is long or short by its header; where that is missing, by any block it has. */
function spellingOf(report: unknown): Spelling {
  const has = (key: string) => isObject(report) && Object.hasOwn(report, key)
  const { header, metrics, customMetrics } = fieldNames.short
  if (has(fieldNames.long.header)) return 'long'
  return has(header) || has(metrics) || has(customMetrics) ? 'short' : 'long'
}

type Fault = (path: string, message: string) => void
type Check = (value: unknown, path: string, fault: Fault) => void

interface Wire {
  readonly names: FieldNames
  readonly spelling: Spelling
}

function reportFormat(wire: Wire): Check {
  const { names } = wire
  const root = object(
    wire,
    { [names.header]: headerFormat(wire) },
    { [names.metrics]: unlessNull(metricsFormat(wire)), [names.customMetrics]: unlessNull(customMetrics) },
  )
  return (report, path, fault) => {
    root(report, path, fault)
    if (isObject(report) && isAbsent(report[names.metrics]) && isAbsent(report[names.customMetrics])) {
      fault(path, `has neither "${names.metrics}" nor "${names.customMetrics}", needs one of them at least`)
    }
  }
}

function headerFormat(wire: Wire): Check {
  const { names } = wire
  return object(wire, { [names.reportId]: integer(1), [names.version]: version }, {})
}

function metricsFormat(wire: Wire): Check {
  const { names } = wire
  const count = integer(0)
  const port = object(wire, { [names.port]: integer(1, 65_535) }, { [names.interface]: string })
  const listening = withTotal(wire, names.ports, port)
  const connection = object(
    wire,
    { [names.remoteAddress]: remoteAddress },
    // The table lets a local port be 0, unlike a listening one.
    { [names.localPort]: integer(0, 65_535), [names.localInterface]: string },
  )
  const established = withTotal(wire, names.connections, connection)
  const network = {
    [names.bytesIn]: count,
    [names.bytesOut]: count,
    [names.packetsIn]: count,
    [names.packetsOut]: count,
  }
  return object(
    wire,
    {},
    {
      [names.listeningTcpPorts]: listening,
      [names.listeningUdpPorts]: listening,
      [names.networkStats]: object(wire, {}, network),
      [names.tcpConnections]: object(wire, {}, { [names.establishedConnections]: established }),
    },
  )
}

/** A list and its total, both optional; the total may exceed the list, for a list may be cut, but not the reverse. */
function withTotal(wire: Wire, listKey: string, entry: Check): Check {
  const totalKey = wire.names.total
  const members = object(wire, {}, { [listKey]: list(entry), [totalKey]: integer(0) })
  return (value, path, fault) => {
    members(value, path, fault)
    if (!isObject(value)) return
    const { [listKey]: entries, [totalKey]: total } = value
    if (Array.isArray(entries) && typeof total === 'number' && total < entries.length) {
      fault(join(path, totalKey), `${total} is less than the ${entries.length} entries of "${listKey}"`)
    }
  }
}

const customMetrics: Check = (value, path, fault) => {
  if (!isObject(value)) return fault(path, `expected an object, got ${kindOf(value)}`)
  for (const [name, metric] of Object.entries(value)) {
    const nameFault = customMetricNameFault(name)
    if (nameFault !== undefined) fault(join(path, name), `the name ${nameFault}`)
    customValue(metric, join(path, name), fault)
  }
}

/** `[{"number": 1}]`. The list around the object is what AWS's troubleshooting page says is most often forgotten. */
const customValue: Check = (value, path, fault) => {
  const entry: unknown = Array.isArray(value) && value.length === 1 ? value[0] : undefined
  const keys = isObject(entry) ? Object.keys(entry) : []
  const [key] = keys
  if (!isObject(entry) || keys.length !== 1 || key === undefined) {
    return fault(path, 'expected a list of one object with one member')
  }
  const content = Object.hasOwn(customContents, key) ? customContents[key] : undefined
  if (content === undefined) {
    return fault(join(`${path}[0]`, key), `expected one of ${Object.keys(customContents).join(', ')}`)
  }
  content(entry[key], join(`${path}[0]`, key), fault)
}

const string: Check = (value, path, fault) => {
  if (typeof value !== 'string') fault(path, `expected a string, got ${kindOf(value)}`)
}

/** A CBOR integer of 64 bits may be decoded to a bigint, whatever its value. */
const number: Check = (value, path, fault) => {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return
  fault(path, `expected a number, got ${kindOf(value)}`)
}

const customContents: Readonly<Record<string, Check>> = {
  [customValueKeys.number]: number,
  [customValueKeys['number-list']]: list(number),
  [customValueKeys['string-list']]: list(string),
  [customValueKeys['ip-address-list']]: list(string),
}

function integer(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return (value, path, fault) => {
    const given = typeof value === 'bigint' ? Number(value) : value
    if (typeof given === 'number' && Number.isSafeInteger(given) && given >= min && given <= max) return
    fault(path, `expected an integer ${bounds}, got ${kindOf(value)}`)
  }
}

const version: Check = (value, path, fault) => {
  if (typeof value === 'string' && /^\d+\.\d+$/.test(value)) return
  fault(path, `expected a string like "1.0", got ${kindOf(value)}`)
}

const remoteAddress: Check = (value, path, fault) => {
  const parts = typeof value === 'string' ? /^(?:\[([^\]]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(value) : null
  const [, v6 = '', v4 = '', port = ''] = parts ?? []
  const isPort = Number(port) > 0 && Number(port) <= 65_535
  if (isPort && (isIP(v6) === 6 || isIP(v4) === 4)) return
  fault(path, `expected "ip:port" or "[ipv6]:port", got ${kindOf(value)}`)
}

function list(entry: Check): Check {
  return (value, path, fault) => {
    if (!Array.isArray(value)) return fault(path, `expected a list, got ${kindOf(value)}`)
    value.forEach((one, index) => {
      entry(one, `${path}[${index}]`, fault)
    })
  }
}

function unlessNull(check: Check): Check {
  return (value, path, fault) => {
    if (value !== null) check(value, path, fault)
  }
}

function object(wire: Wire, required: Record<string, Check>, optional: Record<string, Check>): Check {
  const members = new Map(Object.entries({ ...required, ...optional }))
  const otherNames = Object.values(fieldNames[wire.spelling === 'long' ? 'short' : 'long'])
  return (value, path, fault) => {
    if (!isObject(value)) return fault(path, `expected an object, got ${kindOf(value)}`)
    for (const key of Object.keys(required)) {
      if (!Object.hasOwn(value, key)) fault(join(path, key), 'is missing')
    }
    for (const [key, member] of Object.entries(value)) {
      const check = members.get(key)
      if (check !== undefined) check(member, join(path, key), fault)
      else if (otherNames.includes(key))
        fault(join(path, key), `not a ${wire.spelling} name, and names may not be mixed`)
      else fault(join(path, key), 'unknown field')
    }
  }
}

/** Keys come from outside and may be of any length. */
function join(path: string, key: string): string {
  const short = key.length > 128 ? `${key.slice(0, 128)}…` : key
  return path === '' ? short : `${path}.${short}`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

/** A value as an error message shows it. */
function kindOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return String(value).slice(0, 60)
}
