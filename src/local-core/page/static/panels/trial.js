/**
 * A form that changes a behavior and shows at once what that would have raised in the time just gone by; the server judges
 * what was recorded. The result is there to copy, and where the agent can be told, to apply.
 */
import { elementsText, formatMetric } from '../alarm-words.js'
import { standings } from '../alarms.js'
import { alarmStrip, timeChart } from '../chart.js'
import { h } from '../dom.js'
import { formatDuration, formatTime } from '../format.js'
import { behaviorOf, fieldsOf, memberOf, originText, readableText, trialSentence } from '../trial-view.js'

/** Typing is not asked about letter by letter. */
const CALM_MS = 250
/** What has been recorded since is looked at so often. */
const RENEW_MS = 5_000
/** Alarms named one by one. */
const ALARMS_SHOWN_MAX = 6

/** @typedef {import('../model.js').Model} Model */
/** @typedef {(path: string, body: unknown) => Promise<import('../requests.js').Reply>} Post */
/** @typedef {{securityProfile: string, behavior: Record<string, any>, origin?: any}} Choice */

/** @param {HTMLElement} place @param {Post} post */
export function createTrialForm(place, post) {
  const form = formFields()
  const sentence = h('p', { class: 'sentence', role: 'status' })
  const origin = h('p', { class: 'note' })
  const faults = h('ul', { class: 'faults' })
  const pictures = h('div', { class: 'pictures' })
  const json = h('pre', { tabindex: 0, 'aria-label': 'The behavior as JSON' })
  const copy = h('button', { type: 'button' }, 'Copy')
  const apply = h('button', { type: 'button', class: 'start' }, 'Apply to the running agent')
  const done = h('span', { class: 'muted', role: 'status' })
  place.replaceChildren(
    h(
      'div',
      { class: 'trial' },
      form.element,
      h(
        'div',
        { class: 'result' },
        sentence,
        origin,
        faults,
        pictures,
        h('div', { class: 'actions' }, copy, apply, done),
        h('figure', { class: 'document' }, h('figcaption', {}, 'As a security profile has it'), json),
      ),
    ),
  )

  /** @type {Choice[]} */
  let choices = []
  /** @type {Choice | undefined} */
  let chosen
  /** @type {any[]} */
  let metrics = []
  let canApply = false
  let isDevice = false
  let isTouched = false
  let asked = 0
  let timer = 0
  let offered = ''
  let measuredAt = 0
  let askedAt = 0

  form.element.addEventListener('submit', (event) => event.preventDefault())
  form.behavior.addEventListener('change', () => choose(choices[Number(form.behavior.value)]))
  form.element.addEventListener('input', (event) => {
    if (event.target === form.behavior) return
    isTouched = true
    soon()
  })
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(json.textContent ?? '')
    done.textContent = 'Copied.'
  })
  apply.addEventListener('click', async () => {
    if (chosen === undefined) return
    done.textContent = 'Applying …'
    const { ok, value, problem } = await post('/apply', request(chosen))
    done.textContent = !ok
      ? problem
      : value.result === 'applied'
        ? 'Applied: the agent has been told to judge by it.'
        : 'Rejected: the agent judges as before.'
  })

  /** @param {Choice | undefined} choice */
  function choose(choice) {
    if (choice === undefined) return
    chosen = choice
    isTouched = false
    form.behavior.value = String(choices.indexOf(choice))
    form.fill(fieldsOf(choice.behavior), metrics)
    done.textContent = ''
    sayOrigin()
    ask()
  }

  function sayOrigin() {
    const { note } = originText(chosen?.origin, formatTime)
    origin.textContent = chosen?.behavior.criteria === undefined && isDevice ? NO_CRITERIA : (note ?? '')
    origin.hidden = origin.textContent === ''
  }

  /** @param {Choice} choice */
  function request({ securityProfile, behavior }) {
    const fields = form.read(behavior)
    const member = memberOf(fields.metric, metrics, behavior)
    return { profileName: securityProfile, behavior: behaviorOf(behavior, fields, member) }
  }

  function soon() {
    done.textContent = ''
    clearTimeout(timer)
    timer = setTimeout(ask, CALM_MS)
  }

  async function ask() {
    if (chosen === undefined) return
    asked += 1
    askedAt = Date.now()
    const own = asked
    const { asNow } = originText(chosen.origin, formatTime)
    const wanted = request(chosen)
    const { ok, value, problem } = await post('/trial', wanted)
    // A later question has been asked meanwhile.
    if (own !== asked) return
    json.textContent = JSON.stringify(value?.trial?.behavior ?? wanted.behavior, null, 2)
    const isGood = ok && value.ok
    setDisabled(apply, !isGood || value.trial.notJudged !== undefined)
    sentence.textContent = isGood
      ? trialSentence(value.trial, formatDuration, asNow)
      : ok
        ? 'It would not be taken:'
        : problem
    faults.replaceChildren(...(ok && !value.ok ? value.faults.map(faultItem) : []))
    pictures.replaceChildren(...(isGood ? picturesOf(value.trial, asNow) : []))
  }

  return {
    /** @param {Model} model */
    draw(model) {
      metrics = model.session?.metrics ?? []
      canApply = model.session?.canApply ?? false
      isDevice = model.session?.kind === 'device'
      apply.hidden = !canApply
      const newest = model.intervals[0]?.at ?? 0
      if (newest > measuredAt && Date.now() - askedAt > RENEW_MS) {
        measuredAt = newest
        ask()
      }
      const next = choicesOf(model)
      const text = JSON.stringify(next)
      if (text === offered || metrics.length === 0) return
      offered = text
      choices = next
      form.offer(choices)
      const same = choices.find((each) => isSame(each, chosen))
      // What is being typed stays, also when the agent has just been told something else.
      if (chosen === undefined || same === undefined) choose(choices[0])
      else if (!isTouched && JSON.stringify(same) !== JSON.stringify(chosen)) choose(same)
      else {
        chosen = same
        sayOrigin()
        form.behavior.value = String(choices.indexOf(same))
        ask()
      }
    },
    /** @param {{securityProfile: string, behavior: string}} target */
    open({ securityProfile, behavior }) {
      choose(choices.find((each) => isSame(each, { securityProfile, behavior: { name: behavior } })))
      form.behavior.focus({ preventScroll: true })
    },
  }
}

const NO_CRITERIA =
  'No violation tells yet by which criteria the agent judges this behavior: give them with --profile.'

/** @param {Choice} a @param {Choice | undefined} b */
const isSame = (a, b) => a.securityProfile === b?.securityProfile && a.behavior.name === b?.behavior.name

/** Behaviors as their authors wrote them, then those of which only name and metric are known. @param {Model} model @returns {Choice[]} */
function choicesOf({ profiles, origins, alarms }) {
  const known = profiles.flatMap(({ securityProfileName, behaviors = [] }) =>
    behaviors.map((/** @type {any} */ behavior) => ({
      securityProfile: securityProfileName,
      behavior,
      origin: origins.find(
        (each) => each.securityProfileName === securityProfileName && each.behaviorName === behavior.name,
      ),
    })),
  )
  const others = standings(alarms)
    .map(({ securityProfile, behavior, metric }) => ({
      securityProfile,
      behavior: { name: behavior, metric },
    }))
    .filter((each) => !known.some((other) => isSame(each, other)))
    .sort((a, b) => (a.behavior.name < b.behavior.name ? -1 : 1))
  return [...known, ...others]
}

function formFields() {
  const behavior = /** @type {HTMLSelectElement} */ (h('select', { id: 'trial-behavior' }))
  const metric = h('output', { id: 'trial-metric', class: 'mono' })
  const operator = /** @type {HTMLSelectElement} */ (h('select', { id: 'trial-operator' }))
  const value = /** @type {HTMLTextAreaElement} */ (
    h('textarea', { id: 'trial-value', rows: 2, spellcheck: 'false', 'aria-describedby': 'trial-value-help' })
  )
  const valueHelp = h('p', { class: 'help', id: 'trial-value-help' })
  const duration = /** @type {HTMLSelectElement} */ (h('select', { id: 'trial-duration' }))
  const toAlarm = numberField('trial-to-alarm')
  const toClear = numberField('trial-to-clear')
  const durationField = field('Over a window of', 'trial-duration', duration)
  const element = h(
    'form',
    { class: 'fields', autocomplete: 'off' },
    field('Behavior', 'trial-behavior', behavior),
    h('p', { class: 'help' }, 'Normal is when ', metric, ' is'),
    field('Comparison', 'trial-operator', operator),
    field('Value', 'trial-value', value, valueHelp),
    durationField,
    h(
      'div',
      { class: 'pair' },
      field('Violations in a row to alarm', 'trial-to-alarm', toAlarm),
      field('Normal in a row to clear', 'trial-to-clear', toClear),
    ),
  )
  value.addEventListener('input', sayValue)

  function sayValue() {
    const readable = readableText(value.value, isList, (number) =>
      formatMetric(metric.textContent ?? '', number),
    )
    valueHelp.textContent = `${readable}${help}`
  }
  let isList = false
  let help = ''

  return {
    element,
    behavior,
    /** @param {Choice[]} choices */
    offer(choices) {
      behavior.replaceChildren(
        ...choices.map(({ securityProfile, behavior: { name } }, index) =>
          h('option', { value: index }, `${name} · ${securityProfile}`),
        ),
      )
    },
    /** @param {import('../trial-view.js').Fields} fields @param {any[]} metrics */
    fill(fields, metrics) {
      const known = metrics.find(({ name }) => name === fields.metric)
      metric.textContent = fields.metric
      const operators = known?.operators ?? ALL_OPERATORS
      operator.replaceChildren(
        ...operators.map((/** @type {string} */ each) => h('option', { value: each }, each)),
      )
      operator.value = operators.includes(fields.operator) ? fields.operator : operators[0]
      isList = known !== undefined && known.member !== 'count' && known.member !== 'number'
      help = isList
        ? 'With commas between, as in a profile.'
        : `A number${known?.statistical === false ? '' : ', or a statistic such as p99'}.`
      value.value = fields.value
      sayValue()
      duration.replaceChildren(...DURATIONS.map(([seconds, text]) => h('option', { value: seconds }, text)))
      duration.value = fields.duration
      durationField.hidden = known?.duration === false
      toAlarm.value = fields.toAlarm
      toClear.value = fields.toClear
    },
    /** @param {Record<string, any>} former @returns {import('../trial-view.js').Fields} */
    read: ({ name }) => ({
      name,
      metric: metric.textContent ?? '',
      operator: operator.value,
      value: value.value,
      duration: durationField.hidden ? '' : duration.value,
      toAlarm: toAlarm.value,
      toClear: toClear.value,
    }),
  }
}

/** The windows that AWS takes (iot API reference, BehaviorCriteria). */
const DURATIONS = [
  ['', 'each interval by itself'],
  ['300', '5 minutes'],
  ['600', '10 minutes'],
  ['900', '15 minutes'],
  ['1800', '30 minutes'],
  ['3600', '1 hour'],
]

/** Of a custom metric the page does not know the type; the server says what does not fit. */
const ALL_OPERATORS = [
  'less-than',
  'less-than-equals',
  'greater-than',
  'greater-than-equals',
  'in-cidr-set',
  'not-in-cidr-set',
  'in-port-set',
  'not-in-port-set',
  'in-set',
  'not-in-set',
]

/** Runs are of 1 to 10 datapoints (iot API reference, BehaviorCriteria). @param {string} id */
const numberField = (id) =>
  /** @type {HTMLInputElement} */ (h('input', { id, type: 'number', min: 1, max: 10, step: 1 }))

/** @param {string} label @param {string} id @param {...import('../dom.js').Child} control */
const field = (label, id, ...control) =>
  /** @type {HTMLElement} */ (h('div', { class: 'field' }, h('label', { for: id }, label), control))

/** @param {Element} button @param {boolean} isDisabled */
function setDisabled(button, isDisabled) {
  if (button instanceof HTMLButtonElement) button.disabled = isDisabled
}

/** @param {any} fault */
const faultItem = ({ path, given, problem }) =>
  h('li', {}, h('span', { class: 'mono' }, path), ` ${problem}${given === undefined ? '' : `, got ${given}`}`)

/** @param {any} trial @param {string} asNow */
function picturesOf({ from, to, points, now, before, behavior }, asNow) {
  if (from === undefined || to <= from) return []
  const bandsOf = (/** @type {any} */ { alarms }) =>
    alarms.map((/** @type {any} */ alarm) => ({ from: alarm.from, to: alarm.to ?? to }))
  const content = behavior.criteria?.value ?? {}
  const isNumber =
    'count' in content || 'number' in content || behavior.criteria?.statisticalThreshold !== undefined
  const threshold =
    behavior.criteria?.durationSeconds === undefined ? (content.count ?? content.number) : undefined
  const strip = (/** @type {string} */ name, /** @type {any} */ outcome) => [
    h('span', { class: 'strip-name' }, name),
    alarmStrip({
      label: `${name}: ${outcome.alarms.length === 0 ? 'no alarm' : outcome.alarms.map(alarmText).join('; ')}`,
      bands: bandsOf(outcome),
      from,
      to,
    }),
  ]
  return [
    isNumber && points.length > 0
      ? h(
          'figure',
          { class: 'series' },
          h(
            'figcaption',
            {},
            h('span', { class: 'key in' }, 'Each interval'),
            threshold !== undefined &&
              h('span', { class: 'key limit' }, `threshold ${formatMetric(behavior.metric, threshold)}`),
          ),
          h(
            'div',
            { class: 'plot' },
            timeChart(points, {
              from,
              to,
              tone: 'in',
              bands: bandsOf(now),
              label: `${behavior.metric} over the time that it was tried on`,
              ...(threshold !== undefined && { threshold }),
            }),
          ),
        )
      : '',
    h(
      'div',
      { class: 'strips' },
      strip('With this change', now),
      before === undefined ? '' : strip(`${asNow.charAt(0).toUpperCase()}${asNow.slice(1)}`, before),
    ),
    h('p', { class: 'axis' }, h('span', {}, formatTime(from)), h('span', {}, formatTime(to))),
    now.alarms.length === 0
      ? ''
      : h(
          'ul',
          { class: 'raised' },
          now.alarms
            .slice(0, ALARMS_SHOWN_MAX)
            .map((/** @type {any} */ alarm) =>
              h('li', {}, `▲ ${alarmText(alarm)}${valueText(alarm, behavior.metric)}`),
            ),
          now.alarms.length > ALARMS_SHOWN_MAX &&
            h('li', { class: 'muted' }, `and ${now.alarms.length - ALARMS_SHOWN_MAX} more`),
        ),
  ]
}

/** @param {any} alarm */
const alarmText = ({ from, to }) =>
  to === undefined ? `${formatTime(from)}, still in alarm` : `${formatTime(from)} to ${formatTime(to)}`

/** @param {any} alarm @param {string} metric */
function valueText({ value, total }, metric) {
  if (value === undefined) return ''
  return `: ${Array.isArray(value) ? elementsText({ elements: value, total }) : formatMetric(metric, value)}`
}
