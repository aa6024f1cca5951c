/**
 * Addresses within the report, behind `#`, so that they work from disk: `#/` with the filters, `#/violation/<id>` and
 * `#/thing/<name>` with the metric and the time that are shown. An id that two things have is followed by the thing's name.
 */
import type { Violation } from '../../model.ts'

export type Route =
  | { readonly page: 'overview'; readonly query: Query }
  | { readonly page: 'violation'; readonly id: string; readonly thingName?: string; readonly query: Query }
  | { readonly page: 'thing'; readonly thingName: string; readonly query: Query }
  | { readonly page: 'unknown'; readonly query: Query }

export type Query = Readonly<Record<string, string>>

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = split(hash.replace(/^#/, ''))
  const query: Query = Object.fromEntries(new URLSearchParams(search))
  const parts = path.split('/').slice(1).map(decoded)
  const [page = '', first, second] = parts
  if (page === '') return { page: 'overview', query }
  if (first === undefined || first === '') return { page: 'unknown', query }
  if (page === 'violation') {
    return { page, id: first, ...(second === undefined ? {} : { thingName: second }), query }
  }
  if (page === 'thing') return { page, thingName: first, query }
  return { page: 'unknown', query }
}

function split(text: string): [string, string] {
  const at = text.indexOf('?')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** An address typed by hand may hold a `%` that means nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export function hashOf(path: string, query: Query = {}): string {
  const search = new URLSearchParams(query).toString()
  return `#${path}${search === '' ? '' : `?${search}`}`
}

export const thingPath = (thingName: string): string => `/thing/${encodeURIComponent(thingName)}`

/** @param isShared whether another thing has a violation of the same id */
export const violationPath = ({ id, thingName }: Violation, isShared: boolean): string =>
  `/violation/${encodeURIComponent(id)}${isShared ? `/${encodeURIComponent(thingName)}` : ''}`

/** A whole number of the query, or nothing. */
export function instantIn(query: Query, name: string): number | undefined {
  const text = query[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
