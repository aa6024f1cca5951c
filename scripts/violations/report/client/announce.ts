/** One polite live region (WAI-ARIA, `status`) for what changes without the focus moving: counts, the time shown. */
import { h } from './dom.ts'

const region = h('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' })

export const liveRegion = (): HTMLElement => region

export function announce(text: string): void {
  region.textContent = text
}
