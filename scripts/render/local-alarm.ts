/** One line for each alarm that is raised, cleared or invalidated: which behavior, what offends it, whose it is. */
import { formatBytes, formatCount } from './numbers.ts'
import { cut, printable, type TerminalStyle } from './terminal.ts'

/** What is told of an alarm; the embedded core's page knows more of it. */
export interface Alarm {
  readonly type: 'in-alarm' | 'alarm-cleared' | 'alarm-invalidated'
  readonly behavior: string
  readonly metric: string
  readonly foundAt: number
  /** Since when it had been raised. */
  readonly raisedAt?: number
  readonly offenders?: { readonly elements: readonly string[]; readonly total: number }
  readonly value?: number
  readonly normal: {
    readonly operator?: string
    readonly threshold?: number
    readonly statistic?: string
    readonly durationSeconds?: number
  }
  readonly evidence: {
    readonly reason?: string
    readonly processes: readonly {
      readonly pid?: number
      readonly executable?: string
      readonly containerId?: string
      readonly unknown?: string
    }[]
  }
}

/** Offenders named in a line. */
const ELEMENTS_SHOWN_MAX = 4
/** A profile's author may have given a behavior a name of 128 characters. */
const NAME_CHARACTERS_MAX = 40
/** A path that a process chose for itself is cut in front: its end tells more. */
const EXECUTABLE_CHARACTERS_MAX = 32
/** As Docker shows a container's id. */
const CONTAINER_CHARACTERS = 12
const LINE_CHARACTERS_MAX = 300

const words = { 'in-alarm': 'ALARM', 'alarm-cleared': 'CLEARED', 'alarm-invalidated': 'INVALID' }

/** As wide as a report's status, so that what follows stands in one column. */
const WORD_CHARACTERS = 8

export function alarmLine(alarm: Alarm, { colors }: TerminalStyle): string {
  const tone =
    alarm.type === 'in-alarm' ? colors.red : alarm.type === 'alarm-cleared' ? colors.green : colors.dim
  const word = words[alarm.type].padEnd(WORD_CHARACTERS)
  const name = cut(printable(alarm.behavior), NAME_CHARACTERS_MAX)
  const what = cut(printable(alarm.type === 'in-alarm' ? found(alarm) : ended(alarm)), LINE_CHARACTERS_MAX)
  return tone(`${colors.bold(`${word} ${name}`)}${what === '' ? '' : `  ${what}`}`)
}

function found(alarm: Alarm): string {
  const { offenders, metric } = alarm
  const what = offenders === undefined ? measured(alarm) : listed(nounOf(metric), offenders)
  const [process] = alarm.evidence.processes
  return process === undefined ? what : `${what}  (${owner(process)})`
}

/** `port 4444`, `addresses 127.66.6.6, 127.66.6.7, +3`. */
function listed(
  noun: readonly [string, string],
  { elements, total }: NonNullable<Alarm['offenders']>,
): string {
  const shown = elements.slice(0, ELEMENTS_SHOWN_MAX)
  const more = total - shown.length
  return `${noun[total === 1 ? 0 : 1]} ${shown.join(', ')}${more > 0 ? `, +${formatCount(more)}` : ''}`
}

const nounOf = (metric: string): readonly [string, string] =>
  /-ports$/.test(metric)
    ? ['port', 'ports']
    : /addresses$/.test(metric)
      ? ['address', 'addresses']
      : ['element', 'elements']

/** `52.4 MB in 300 s, normal is less-than 50.0 MB`. */
function measured({ value, metric, normal }: Alarm): string {
  if (value === undefined) return ''
  const format = /-bytes-(in|out)$/.test(metric) ? formatBytes : formatCount
  const { operator, threshold, statistic, durationSeconds } = normal
  const window = durationSeconds === undefined ? '' : ` in ${durationSeconds} s`
  const limit =
    operator === undefined || threshold === undefined
      ? ''
      : `, normal is ${operator} ${format(threshold)}${statistic === undefined ? '' : ` (${statistic})`}`
  return `${format(value)}${window}${limit}`
}

function owner({ executable, pid, containerId, unknown }: Alarm['evidence']['processes'][number]): string {
  if (unknown !== undefined) return `process unknown: ${unknown}`
  const path = executable ?? ''
  const shown =
    path.length > EXECUTABLE_CHARACTERS_MAX ? `…${path.slice(-EXECUTABLE_CHARACTERS_MAX + 1)}` : path
  const container =
    containerId === undefined ? '' : `, container ${containerId.slice(0, CONTAINER_CHARACTERS)}`
  return `process ${shown}, pid ${pid ?? 'unknown'}${container}`
}

function ended({ type, foundAt, raisedAt, evidence }: Alarm): string {
  const lasted = raisedAt === undefined ? '' : `after ${formatDuration(foundAt - raisedAt)}`
  return type === 'alarm-invalidated' ? [evidence.reason, lasted].filter(Boolean).join(' ') : lasted
}

/** In whole seconds: `7 s`, `3 min 20 s`, `2 h 5 min`. */
function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return `${seconds} s`
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
