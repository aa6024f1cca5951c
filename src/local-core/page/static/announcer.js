/**
 * What a screen reader is told, once things are calm: of a replay of an hour not everything is read out. Alarms are never
 * drowned by what came after them.
 */

const CALM_MS = 500
/** Alarms said in one go; of more only how many there are. */
const ALARMS_SAID_MAX = 3

/**
 * @param {(text: string) => void} say
 * @returns {(said: import('./model.js').Said) => void}
 */
export function createAnnouncer(say) {
  let timer = 0
  /** @type {string[]} */
  let alarms = []
  let last = ''

  function flush() {
    const more = alarms.length - ALARMS_SAID_MAX
    const text =
      alarms.length === 0
        ? last
        : alarms.slice(-ALARMS_SAID_MAX).join('. ') + (more > 0 ? `. And ${more} before` : '')
    alarms = []
    say(text)
  }

  return ({ text, isAlarm = false }) => {
    if (isAlarm) alarms.push(text)
    else last = text
    clearTimeout(timer)
    timer = setTimeout(flush, CALM_MS)
  }
}
