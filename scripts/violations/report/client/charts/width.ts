/** Charts are drawn for the width that they have: text keeps its size on a phone. */

/** Calls `draw` once the host is in the page, and whenever its width has changed. */
export function onWidth(host: HTMLElement, draw: (width: number) => void): void {
  let last = 0
  new ResizeObserver(() => {
    const width = Math.round(host.clientWidth)
    // The height changes with each drawing.
    if (width === 0 || width === last) return
    last = width
    draw(width)
  }).observe(host)
}
