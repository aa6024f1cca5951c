/** A behavior as the form has it, and as a security profile has it. What is wrong in it the server says. */

/**
 * @typedef {object} Fields
 * @property {string} name
 * @property {string} metric
 * @property {string} operator
 * @property {string} value a number, a statistic as in `p99`, or a list with commas
 * @property {string} duration seconds, or empty
 * @property {string} toAlarm
 * @property {string} toClear
 */

/** @typedef {Record<string, any>} Behavior */

/** @param {Behavior} behavior @returns {Fields} */
export function fieldsOf({ name, metric, criteria = {} }) {
  const [content] = Object.values(criteria.value ?? {})
  return {
    name,
    metric,
    operator: criteria.comparisonOperator ?? '',
    value:
      criteria.statisticalThreshold?.statistic ??
      (Array.isArray(content) ? content.join(', ') : content === undefined ? '' : String(content)),
    duration: String(criteria.durationSeconds ?? ''),
    toAlarm: String(criteria.consecutiveDatapointsToAlarm ?? 1),
    toClear: String(criteria.consecutiveDatapointsToClear ?? 1),
  }
}

/**
 * @param {Behavior} former what the form does not show of it stays
 * @param {Fields} fields
 * @param {string} member of MetricValue, by the metric
 * @returns {Behavior}
 */
export function behaviorOf(former, fields, member) {
  const { operator, duration, toAlarm, toClear } = fields
  return {
    ...former,
    name: fields.name,
    metric: fields.metric,
    criteria: {
      ...(operator !== '' && { comparisonOperator: operator }),
      ...criteriaValue(fields.value.trim(), member),
      ...(duration !== '' && { durationSeconds: numberOr(duration) }),
      consecutiveDatapointsToAlarm: numberOr(toAlarm),
      consecutiveDatapointsToClear: numberOr(toClear),
    },
  }
}

/** @param {string} text @param {string} member */
function criteriaValue(text, member) {
  if (/^p\d/.test(text) && (member === 'count' || member === 'number')) {
    return { statisticalThreshold: { statistic: text } }
  }
  if (member === 'count' || member === 'number') return { value: { [member]: numberOr(text) } }
  const elements = text.split(/[\s,]+/).filter(Boolean)
  return {
    value: { [member]: member === 'ports' || member === 'numbers' ? elements.map(numberOr) : elements },
  }
}

/**
 * A number that is hard to read, as people read it. Ports are names, not quantities.
 * @param {string} text @param {boolean} isList @param {(value: number) => string} format
 */
export function readableText(text, isList, format) {
  const value = numberOr(text)
  return !isList && typeof value === 'number' && value >= 1000 ? `That is ${format(value)}. ` : ''
}

/** What is no number stays text, and the server says what would do. @param {string} text */
function numberOr(text) {
  const number = Number(text)
  return text.trim() !== '' && Number.isFinite(number) ? number : text
}

/**
 * Which member of MetricValue it takes: by AWS's own metrics, or by what a behavior on a custom one has already.
 * @param {string} metric @param {any[]} metrics @param {Behavior} former
 */
export const memberOf = (metric, metrics, former) =>
  metrics.find(({ name }) => name === metric)?.member ??
  Object.keys(former.criteria?.value ?? {})[0] ??
  'number'

const AS_IT_STANDS = 'as it stands'

/** @param {string} count @param {string} asNow */
const comparedText = (count, asNow) => (asNow === AS_IT_STANDS ? `${asNow} ${count}` : `${count} ${asNow}`)

/**
 * What the former criteria may be called, and what has to be said of them. Only those that the agent judges by stand.
 * @param {any} origin of `page-event.ts`, or nothing where the agent was given what the page knows
 * @param {(at: number) => string} formatTime
 * @returns {{asNow: string, note?: string}}
 */
export function originText(origin, formatTime) {
  if (origin === undefined || origin.standing === 'in-force') return { asNow: AS_IT_STANDS }
  const { standing, violationAt } = origin
  const isFile = violationAt === undefined
  const source = isFile ? 'the file of --profile' : `the violation of ${formatTime(violationAt)}`
  const asNow = `with those of ${source}`
  if (standing === 'not-judged')
    return {
      asNow,
      note: `The agent does not judge this behavior now; these criteria are those of ${source}.`,
    }
  if (standing === 'changed') {
    const hint = isFile ? 'that file is not what the agent has.' : 'give them with --profile.'
    return { asNow, note: `The agent judges by other criteria now than those of ${source}: ${hint}` }
  }
  return {
    asNow,
    note: isFile
      ? 'These criteria are those of --profile; the agent’s files do not say whether it judges by them.'
      : `The criteria are known only from ${source}; whether the agent judges by them still, its files do not say. Give them with --profile.`,
  }
}

/** @param {number} alarms */
const alarmCount = (alarms) => (alarms === 0 ? 'no alarm' : alarms === 1 ? '1 alarm' : `${alarms} alarms`)

/**
 * What a trial found, in one sentence.
 * @param {any} trial @param {(ms: number) => string} formatDuration @param {string} [asNow] what it is compared with
 */
export function trialSentence(
  { notJudged, intervals, from, to, now, before, behavior },
  formatDuration,
  asNow = AS_IT_STANDS,
) {
  if (notJudged !== undefined) return `It would not be judged on the device: ${notJudged}.`
  if (intervals === 0)
    return 'Nothing is recorded yet: there is something to try it on after the first interval.'
  const { conforming, violating, none } = now.verdicts
  const span = `Over the last ${formatDuration(to - from)}, ${intervals} ${intervals === 1 ? 'interval' : 'intervals'}`
  if (conforming + violating === 0) {
    return none > 0
      ? `${span}: no verdict, since there was too little to judge it by.`
      : `${span}: no value of ${behavior.metric}.`
  }
  const compared =
    before === undefined ? '' : `, and ${comparedText(alarmCount(before.alarms.length), asNow)}`
  return `${span}: ${alarmCount(now.alarms.length)} with this change${compared}.`
}
