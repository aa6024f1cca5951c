/**
 * Custom metrics: where each one's value comes from, and how text becomes a typed value. Pure; the reading of files and
 * the running of programs is in `src/sources`.
 *
 * What AWS would take and then silently not show is refused here, with the value named, so that the operator finds out
 * on the device. Sources: AWS IoT developer guide, "Custom metrics" (names, types); README of the Device Defender
 * sample of aws-iot-device-sdk-cpp-v2 (which numbers, strings and addresses are kept); RFC 6901 (JSON pointer).
 */
import { isIP } from 'node:net'
import type { CustomMetricType, CustomMetricValue } from './snapshot.ts'

/** Metrics that the agent itself can measure, off unless configured; AWS ignores custom metrics that are not declared. */
export const builtInMetrics = [
  'cpu_usage',
  'memory_usage',
  'load_1m',
  'uptime_seconds',
  'process_count',
] as const
export type BuiltInMetric = (typeof builtInMetrics)[number]

/**
 * The agent's numbers about itself, likewise off unless configured: how old the last accepted report is, what waits and
 * what was lost in the outbox, starts of the process, the time a snapshot of /proc took, and resident memory.
 */
export const healthMetrics = [
  'agent_report_age_seconds',
  'agent_outbox_entries',
  'agent_dropped',
  'agent_starts',
  'agent_collection_ms',
  'agent_resident_bytes',
] as const
export type HealthMetric = (typeof healthMetrics)[number]

export type CustomMetricSource =
  | { readonly kind: 'built-in'; readonly metric: BuiltInMetric }
  | { readonly kind: 'health'; readonly metric: HealthMetric }
  | {
      readonly kind: 'file'
      readonly type: CustomMetricType
      readonly path: string
      readonly jsonPointer?: string
    }
  | {
      readonly kind: 'program'
      readonly type: CustomMetricType
      /** Program and arguments, run as they are, never through a shell. */
      readonly argv: readonly [string, ...string[]]
      readonly timeoutMs: number
      readonly outputBytesMax: number
      readonly jsonPointer?: string
    }

/** AWS IoT API reference, CreateCustomMetric: `metricName`. */
const NAME_MAX = 128

/** AWS keeps numbers of up to 15 digits, which is also what a 64-bit float holds of any decimal number. */
const NUMBER_DIGITS_MAX = 15

/** A security profile compares with at most 1,000 values (AWS General Reference, Device Defender quotas). */
const LIST_ENTRIES_MAX = 1_000

/** The text is not a value of the metric's type, or is one that AWS would not keep. */
export class CustomMetricError extends Error {
  override readonly name = 'CustomMetricError'
}

/** What is wrong with a custom metric's name, if anything is. */
export function customMetricNameFault(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.length > NAME_MAX) return `has ${name.length} characters, at most ${NAME_MAX} are allowed`
  if (!/^[a-zA-Z0-9:_-]+$/.test(name)) return 'has characters other than letters, digits, ":", "_" and "-"'
  if (name.startsWith('aws:')) return 'begins with "aws:", which is for AWS\'s own metrics'
  return undefined
}

/**
 * Without a pointer a number is the whole text, and a list has one value a line (blank lines do not count). With one
 * the text is JSON, and the pointer selects a number or a list in it; the empty pointer is the whole of it.
 */
export function parseCustomMetric(
  type: CustomMetricType,
  text: string,
  jsonPointer?: string,
): CustomMetricValue {
  const found = jsonPointer === undefined ? linesOf(type, text) : jsonOf(type, text, jsonPointer)
  if (found.length > LIST_ENTRIES_MAX) {
    throw new CustomMetricError(`${found.length} values, at most ${LIST_ENTRIES_MAX} can be compared with`)
  }
  switch (type) {
    case 'number':
      return { type, number: onlyNumber(found) }
    case 'number-list':
      return { type, numbers: found.map(toNumber) }
    case 'string-list':
      return { type, strings: found.map(toKeptString) }
    case 'ip-address-list':
      return { type, ips: found.map(toAddress) }
  }
}

/** One value as it was found, and where. */
interface Found {
  readonly where: string
  readonly value: unknown
}

function linesOf(type: CustomMetricType, text: string): Found[] {
  if (type === 'number') return [{ where: 'text', value: numeral(text.trim()) }]
  const isNumeric = type === 'number-list'
  return text
    .split('\n')
    .map((line, index) => ({ where: `line ${index + 1}`, value: line.trim() }))
    .filter(({ value }) => value !== '')
    .map(({ where, value }) => ({ where, value: isNumeric ? numeral(value) : value }))
}

function jsonOf(type: CustomMetricType, text: string, pointer: string): Found[] {
  const where = pointer === '' ? 'whole JSON' : pointer
  const value = pointedAt(parseJson(text), pointer)
  if (type === 'number') return [{ where, value }]
  if (!Array.isArray(value)) throw new CustomMetricError(`${where}: expected a list, got ${shown(value)}`)
  return value.map((entry, index) => ({ where: `${pointer}/${index}`, value: entry }))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CustomMetricError(`not JSON: ${shown(text)}`, { cause: error })
  }
}

/** RFC 6901: `/a~1b/0` is the first entry of the list in member `a/b`. */
function pointedAt(root: unknown, pointer: string): unknown {
  if (pointer === '') return root
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) {
    throw new CustomMetricError(
      `${shown(pointer)} is not a JSON pointer: begins with "/", with "~" only as "~0" or "~1"`,
    )
  }
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((value, token) => step(value, token, pointer), root)
}

function step(value: unknown, token: string, pointer: string): unknown {
  const isStep = Array.isArray(value)
    ? /^(0|[1-9]\d*)$/.test(token)
    : typeof value === 'object' && value !== null
  if (!isStep || !Object.hasOwn(value as object, token)) {
    throw new CustomMetricError(`${pointer}: nothing there, no ${shown(token)} in ${shown(value)}`)
  }
  return (value as Record<string, unknown>)[token]
}

/** A decimal number as programs print it; not `0x1f`, `1_000`, `Infinity` or nothing, which `Number` would take. */
function numeral(text: string): unknown {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text
}

function onlyNumber(found: readonly Found[]): number {
  const [first] = found
  if (first === undefined) throw new CustomMetricError('expected a number, got nothing')
  return toNumber(first)
}

function toNumber({ where, value }: Found): number {
  if (typeof value !== 'number')
    throw new CustomMetricError(`${where}: expected a number, got ${shown(value)}`)
  if (!(Math.abs(value) < 10 ** NUMBER_DIGITS_MAX)) {
    throw new CustomMetricError(
      `${where}: ${value} has more than the ${NUMBER_DIGITS_MAX} digits that AWS keeps`,
    )
  }
  // A third is printed with 16 or 17 digits; the last ones are noise, and would cost the whole value.
  return Number(value.toPrecision(NUMBER_DIGITS_MAX))
}

/** AWS's list of characters leaves out digits, but AWS's own samples have them (`value_1`). */
function toKeptString({ where, value }: Found): string {
  if (typeof value === 'string' && /^[a-zA-Z0-9:_\-/.]+$/.test(value)) return value
  throw new CustomMetricError(`${where}: ${shown(value)}: AWS keeps only letters, digits and : _ - / .`)
}

/** An address, not a range; nor with a zone (`fe80::1%eth0`), which has a meaning on this device alone. */
function toAddress({ where, value }: Found): string {
  if (typeof value === 'string' && isIP(value) !== 0 && !value.includes('%')) return value
  throw new CustomMetricError(`${where}: expected an IPv4 or IPv6 address, got ${shown(value)}`)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
