/** As much XML as the older protocols of AWS need: elements with text, no attributes but the namespace. */

export type Xml = string | number | boolean | undefined | XmlElements | readonly Xml[]
export interface XmlElements {
  readonly [name: string]: Xml
}

/** A list becomes its element repeated; what is undefined is left out. */
export function toXml(name: string, content: Xml, namespace?: string): string {
  if (content === undefined) return ''
  if (isList(content)) return content.map((each) => toXml(name, each)).join('')
  const inner = typeof content === 'object' ? elementsOf(content) : encodeText(String(content))
  return `<${name}${namespace === undefined ? '' : ` xmlns="${namespace}"`}>${inner}</${name}>`
}

export const document = (name: string, content: Xml, namespace?: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${toXml(name, content, namespace)}`

/** The inside of every element of a name; elements do not hold others of their own name. */
export const insidesOf = (xml: string, name: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, 'gs'))].map(
    ([, inside = '']) => inside,
  )

/** The text of the first element of a name. */
export function textOf(xml: string, name: string): string | undefined {
  const inside = insidesOf(xml, name)[0]
  return inside === undefined ? undefined : decodeText(inside)
}

const isList = (content: Xml): content is readonly Xml[] => Array.isArray(content)
const elementsOf = (content: XmlElements) =>
  Object.entries(content)
    .map(([name, each]) => toXml(name, each))
    .join('')

const entities = [
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
] as const

const encodeText = (text: string) =>
  entities.reduce((all, [plain, entity]) => all.replaceAll(plain, entity), text.replaceAll('&', '&amp;'))
const decodeText = (text: string) =>
  entities.reduce((all, [plain, entity]) => all.replaceAll(entity, plain), text).replaceAll('&amp;', '&')
