/** Words and small pieces that all views use. */

import { formatDuration, formatInstant } from '../../../../render/numbers.ts'
import type { Violation } from '../../../model.ts'
import { lastsText, valueText, violatingValue } from '../../../words.ts'
import { h, name } from '../dom.ts'
import { hashOf, thingPath } from '../route.ts'

const STATES = {
  'in-alarm': { sign: '▲', text: 'in alarm' },
  cleared: { sign: '✓', text: 'cleared' },
  invalidated: { sign: '–', text: 'invalidated' },
} as const

export const stateWord = (state: Violation['state']): string => STATES[state].text

export const stateBadge = (state: Violation['state']): HTMLElement =>
  h(
    'span',
    { class: `badge ${state}` },
    h('span', { 'aria-hidden': 'true' }, STATES[state].sign),
    ` ${STATES[state].text}`,
  )

export const time = (at: number): HTMLElement => h('time', { class: 'instant' }, formatInstant(at))

export const thingLink = (thingName: string): HTMLElement =>
  h('a', { href: hashOf(thingPath(thingName)) }, name(thingName))

/** Long lists are told by their beginning. */
const VALUE_CHARACTERS_MAX = 60

export function seenText(violation: Violation): string {
  const value = violatingValue(violation)
  if (value === undefined) return 'not told'
  const text = valueText(violation.behavior.metric, value)
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX - 1)}…`
}

export const durationText = (violation: Violation, now: number): string =>
  `${lastsText(violation, now)}${violation.endedAt === undefined ? ' so far' : ''}`

/** `5 min before`, from the point of view of another instant. */
export function relativeText(at: number, from: number): string {
  const seconds = Math.round((at - from) / 1000)
  if (seconds === 0) return 'at the same time'
  return `${formatDuration(Math.abs(seconds))} ${seconds < 0 ? 'before' : 'after'}`
}

export const card = (title: string, ...children: Parameters<typeof h>[2][]): HTMLElement =>
  h('section', { class: 'card' }, h('h2', {}, title), ...children)
