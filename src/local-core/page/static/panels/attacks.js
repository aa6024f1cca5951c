/** A button for each harmless attack, and below them how the last one goes: started here, seen to run, to end, to alarm. */
import { h, svg } from '../dom.js'
import { formatDuration } from '../format.js'
import { goButton } from '../go.js'
import { badge } from './headline.js'

const STATES = {
  running: { text: '● running', tone: 'warn' },
  ended: { text: '✓ ended', tone: 'ok' },
  failed: { text: '✕ failed', tone: 'bad' },
}

/** @typedef {import('../model.js').Model} Model */

/**
 * @param {HTMLElement} place
 * @param {(path: string) => Promise<import('../requests.js').Reply>} post
 */
export function createAttackPanel(place, post) {
  const list = h('ul', { class: 'attacks' })
  const problem = h('p', { class: 'banner bad', role: 'alert' })
  const progress = attackProgress()
  /** @type {ReturnType<typeof attackCard>[]} */
  let cards = []

  /** @param {string} path */
  async function ask(path) {
    const reply = await post(path)
    problem.textContent = reply.problem
    if (reply.ok) problem.remove()
    else list.after(problem)
  }

  return {
    /** @param {Model} model */
    draw(model) {
      const attacks = model.session?.attacks ?? []
      if (attacks.length > 0 && cards.length === 0) {
        cards = attacks.map((/** @type {any} */ attack) => attackCard(attack, ask))
        list.replaceChildren(...cards.map(({ element }) => element))
        place.replaceChildren(list, progress.element)
      }
      for (const card of cards) card.draw(model)
      const own = attacks.find((/** @type {any} */ each) => each.name === model.attack?.name)
      if (own !== undefined) progress.draw(model, own.raises)
    },
    tick: progress.tick,
  }
}

/** @param {any} attack @param {(path: string) => Promise<void>} ask */
function attackCard({ name, summary, raises }, ask) {
  const button = h('button', { type: 'button', class: 'start' }, 'Start')
  const element = h(
    'li',
    { class: 'attack' },
    h('h3', { class: 'mono' }, name),
    h('p', {}, `${summary[0]?.toUpperCase()}${summary.slice(1)}`),
    h('p', { class: 'muted raises' }, 'Violates ', h('strong', {}, raises)),
    h('div', { class: 'attack-foot' }, button),
  )
  let isRunning = false
  button.addEventListener('click', () => void ask(isRunning ? '/stop-attack' : `/attack/${name}`))

  return {
    element,
    /** @param {Model} model */
    draw({ attack }) {
      isRunning = attack?.name === name && attack?.state === 'running'
      element.classList.toggle('running', isRunning)
      button.textContent = isRunning ? 'Stop' : 'Start'
      button.setAttribute('aria-label', `${button.textContent} the attack ${name}`)
      if (button instanceof HTMLButtonElement) button.disabled = attack?.state === 'running' && !isRunning
    },
  }
}

/** How the last one goes. Drawn again only for something new, so that a link in it keeps the keyboard. */
function attackProgress() {
  const element = h('div', { class: 'progress' })
  const left = h('span', { class: 'muted' })
  const value = svg('rect', { class: 'bar-value', x: 0, y: 0, width: 0, height: 4 })
  const bar = svg(
    'svg',
    { class: 'bar', viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': true },
    svg('rect', { class: 'bar-back', x: 0, y: 0, width: 100, height: 4 }),
    value,
  )
  /** @type {any} */
  let attack
  let drawn = ''

  function tick() {
    if (attack?.state !== 'running') return
    const { startedAt, endsAt } = attack
    const leftMs = Math.max(0, endsAt - Date.now())
    left.textContent = `${formatDuration(leftMs)} left`
    value.setAttribute('width', String(100 * (1 - leftMs / (endsAt - startedAt))))
  }

  return {
    element,
    tick,
    /** @param {Model} model @param {string} raises */
    draw(model, raises) {
      attack = model.attack
      const raised = model.alarms.violations.find(
        ({ view, raisedAt }) => view.behavior === raises && (raisedAt ?? 0) >= attack.startedAt,
      )
      const now = JSON.stringify([attack, raised?.id])
      if (now === drawn) return
      drawn = now
      const { text, tone } = STATES[/** @type {'ended'} */ (attack.state)]
      const isRunning = attack.state === 'running'
      element.replaceChildren(
        h(
          'div',
          { class: 'progress-line' },
          h('strong', { class: 'mono' }, attack.name),
          badge(text, tone),
          isRunning ? left : '',
          h('span', { class: 'said' }, attack.says.at(-1) ?? ''),
          raised === undefined
            ? ''
            : goButton('See the alarm that it raised', { to: 'violation', id: raised.id }),
        ),
        isRunning ? bar : '',
      )
      tick()
    },
  }
}
