/** Numbers as people read them. */

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

/** `1 report`, `2 reports`. */
export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`

/** The first few ports and how many more there are: `22, 80, +3`. */
export function formatPorts(ports: readonly number[], shown: number): string {
  const more = ports.length - shown
  return ports.slice(0, shown).join(', ') + (more > 0 ? `, +${more}` : '')
}
