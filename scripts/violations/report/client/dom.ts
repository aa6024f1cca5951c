/** Elements made of data: text goes in as text nodes only, so that whatever a thing or a process is called is shown, not run. */

type Attribute = string | number | boolean | undefined
type Listener = (event: never) => void
export type Attributes = Readonly<Record<string, Attribute | Listener>>
export type Child = Node | string | number | undefined | readonly Child[]

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children)
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value as EventListener)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value))
  }
  append(element, children)
  return element
}

function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined) continue
    if (typeof child === 'string' || typeof child === 'number') parent.append(visible(String(child)))
    else if (child instanceof Node) parent.append(child)
    else append(parent, child as readonly Child[])
  }
}

/** Control characters and Unicode's directional overrides, which hide or reorder other text, become `�`. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    character === '\n' ? character : '\ufffd',
  )

/** Text that came from elsewhere: its direction of writing is its own. */
export const name = (text: string | number, className = ''): HTMLElement =>
  h('bdi', className === '' ? {} : { class: className }, text)

export function replace(parent: Element, ...children: Child[]): void {
  parent.replaceChildren()
  append(parent, children)
}

let ids = 0
/** For labels, descriptions and patterns. */
export const nextId = (prefix: string): string => `${prefix}-${++ids}`
