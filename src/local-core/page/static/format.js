/** Numbers and times as the page writes them. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** Decimal units, as network rates are given. @param {number} bytes */
export function formatBytes(bytes) {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** @param {number} value */
export const formatCount = (value) => value.toLocaleString('en-US')

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Local time of day, with the date where that is another one. @param {number} at epoch milliseconds */
export function formatTime(at, now = Date.now()) {
  const date = new Date(at)
  const time = date.toTimeString().slice(0, 8)
  return date.toDateString() === new Date(now).toDateString()
    ? time
    : `${MONTHS[date.getMonth()]} ${date.getDate()}, ${time}`
}

/**
 * Ports in few characters: the first ones, and how many more there are.
 * @param {number[]} ports @param {number} shown
 */
export function formatPorts(ports, shown = 4) {
  const more = ports.length - shown
  return ports.slice(0, shown).join(', ') + (more > 0 ? `, +${more}` : '')
}

/** A time span in whole seconds: `7 s`, `3 min 20 s`, `2 h 5 min`. @param {number} ms */
export function formatDuration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return `${seconds} s`
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
