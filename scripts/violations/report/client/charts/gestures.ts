/**
 * Moving through time on a chart: drag over a part to see it larger, a double press for all of it; with the keyboard, arrows
 * move, + and - change the scale, Home goes back, Shift with an arrow goes from value to value.
 */
import { svg } from '../dom.ts'
import type { Frame } from './frame.ts'
import { linearScale, type Range } from './scale.ts'

export interface Gestures {
  readonly frame: () => Frame | undefined
  readonly drawing: () => SVGSVGElement | undefined
  readonly show: (range: Range) => void
  readonly zoom: (factor: number) => void
  readonly move: (share: number) => void
  readonly reset: () => void
  /** Tells of the value nearest to an instant; `undefined` takes it away. */
  readonly point: (at: number | undefined) => void
  readonly step: (direction: 1 | -1) => void
}

/** A finger is not still while it presses. */
const DRAG_PIXELS_MIN = 8

export function addGestures(host: HTMLElement, gestures: Gestures): void {
  let start: number | undefined
  let selection: SVGRectElement | undefined

  /** In the drawing's own units, which the page may have scaled. */
  function placeOf(event: PointerEvent): number | undefined {
    const [frame, drawing] = [gestures.frame(), gestures.drawing()]
    if (frame === undefined || drawing === undefined) return undefined
    const box = drawing.getBoundingClientRect()
    const place = ((event.clientX - box.left) / (box.width || 1)) * frame.width
    return Math.min(Math.max(place, frame.left), frame.right)
  }
  const instantAt = (place: number): number => {
    const frame = gestures.frame() as Frame
    return linearScale({ from: frame.left, to: frame.right }, frame.range.from, frame.range.to)(place)
  }
  function end(): void {
    selection?.remove()
    selection = undefined
    start = undefined
  }

  host.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    start = placeOf(event)
    host.setPointerCapture(event.pointerId)
  })
  host.addEventListener('pointermove', (event) => {
    const place = placeOf(event)
    if (place === undefined) return
    gestures.point(instantAt(place))
    const [frame, drawing] = [gestures.frame(), gestures.drawing()]
    if (start === undefined || frame === undefined || Math.abs(place - start) < DRAG_PIXELS_MIN) return
    if (selection === undefined) {
      selection = svg('rect', { class: 'selection', y: frame.top, height: frame.bottom - frame.top })
      drawing?.append(selection)
    }
    selection.setAttribute('x', String(Math.min(start, place)))
    selection.setAttribute('width', String(Math.abs(place - start)))
  })
  host.addEventListener('pointerup', (event) => {
    const place = placeOf(event)
    const from = start
    end()
    if (from === undefined || place === undefined || Math.abs(place - from) < DRAG_PIXELS_MIN) return
    gestures.show({ from: instantAt(Math.min(from, place)), to: instantAt(Math.max(from, place)) })
  })
  host.addEventListener('pointercancel', end)
  host.addEventListener('pointerleave', () => gestures.point(undefined))
  host.addEventListener('dblclick', () => gestures.reset())
  host.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const action = keys[event.shiftKey && event.key.startsWith('Arrow') ? `Shift+${event.key}` : event.key]
    if (event.key === 'Escape') end()
    if (action === undefined) return
    event.preventDefault()
    action(gestures)
  })
}

const keys: Readonly<Record<string, (gestures: Gestures) => void>> = {
  ArrowLeft: ({ move }) => move(-0.2),
  ArrowRight: ({ move }) => move(0.2),
  '+': ({ zoom }) => zoom(0.5),
  '=': ({ zoom }) => zoom(0.5),
  '-': ({ zoom }) => zoom(2),
  Home: ({ reset }) => reset(),
  0: ({ reset }) => reset(),
  'Shift+ArrowLeft': ({ step }) => step(-1),
  'Shift+ArrowRight': ({ step }) => step(1),
}
