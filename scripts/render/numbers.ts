/** Numbers as people read them. */
import { metricCatalog } from '../../src/metrics/catalog.ts'

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Decimal units, as network rates are given: `999 B`, `12.3 kB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** `1,234`, whatever the locale: output is compared and searched. */
export const formatCount = (count: number): string => count.toLocaleString('en-US')

/** A value of a metric, with its unit where the metric has one for people: `52.4 MB`, `1,234`. */
export function numberText(metric: string, value: number): string {
  if (metricCatalog.get(metric)?.unit === 'bytes') return formatBytes(value)
  return Number.isInteger(value) ? formatCount(value) : String(value)
}

/** `1 report`, `2 reports`. */
export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`

/** The first few ports and how many more there are: `22, 80, +3`. */
export function formatPorts(ports: readonly number[], shown: number): string {
  const more = ports.length - shown
  return ports.slice(0, shown).join(', ') + (more > 0 ? `, +${more}` : '')
}

/** The two largest units of a time: `12 s`, `5 min`, `3 h 4 min`, `2 d 7 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [days, hours, minutes] = [whole / 86_400, (whole / 3600) % 24, (whole / 60) % 60].map(Math.floor) as [
    number,
    number,
    number,
  ]
  if (days > 0) return `${formatCount(days)} d${hours > 0 ? ` ${hours} h` : ''}`
  if (hours > 0) return `${hours} h${minutes > 0 ? ` ${minutes} min` : ''}`
  return minutes > 0 ? `${minutes} min` : `${whole} s`
}

/** `2026-11-24 10:00:00`, in UTC whatever the time zone: output is compared and searched. */
export const formatInstant = (at: number): string =>
  Math.abs(at) <= INSTANT_MAX ? new Date(at).toISOString().slice(0, 19).replace('T', ' ') : String(at)

/** The farthest instants that a Date can be (ECMA-262, "Time Values and Time Range"). */
const INSTANT_MAX = 8.64e15
