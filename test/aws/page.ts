/** Lists in pages, with a token that only the list which gave it understands. */
import type { Account, Input } from './account.ts'
import { invalid } from './error.ts'

interface Page<T> {
  readonly entries: readonly T[]
  readonly next: { readonly nextToken?: string }
}

export function page<T>(account: Account, list: string, all: readonly T[], input: Input): Page<T> {
  const start = input.nextToken === undefined ? 0 : readToken(list, String(input.nextToken))
  const size = Math.min(Number(input.maxResults ?? PAGE_DEFAULT), account.pageMax)
  const end = start + size
  return {
    entries: all.slice(start, end),
    next: end < all.length ? { nextToken: Buffer.from(`${list} ${end}`).toString('base64') } : {},
  }
}

/** The service's own size is not published; no list of these tests reaches it unless `pageMax` is set. */
const PAGE_DEFAULT = 25

function readToken(list: string, token: string): number {
  const text = Buffer.from(token, 'base64').toString()
  const start = text.startsWith(`${list} `) ? text.slice(list.length + 1) : ''
  if (!/^\d+$/.test(start)) throw invalid('Invalid nextToken')
  return Number(start)
}
