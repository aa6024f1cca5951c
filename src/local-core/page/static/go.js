/** From one thing on the page to another that has to do with it: an alarm to its peer, a behavior to its form. */
import { h } from './dom.js'

/**
 * @typedef {{to: 'host', address: string}
 *   | {to: 'listener', port: number}
 *   | {to: 'violation', id: string}
 *   | {to: 'behavior', securityProfile: string, behavior: string, metric: string}} Target
 */

/** @type {((target: Target) => void)[]} */
const followers = []

/** @param {(target: Target) => void} follow */
export function onGo(follow) {
  followers.push(follow)
}

/** @param {string} text @param {Target} target */
export function goButton(text, target) {
  const button = h('button', { type: 'button', class: 'link' }, text)
  button.addEventListener('click', () => {
    for (const follow of followers) follow(target)
  })
  return button
}

/** Brings an element into view and gives it the keyboard. @param {Element | null} element */
export function reveal(element) {
  if (!(element instanceof HTMLElement)) return
  element.scrollIntoView({ block: 'center' })
  if (!element.hasAttribute('tabindex')) element.setAttribute('tabindex', '-1')
  element.focus({ preventScroll: true })
}
