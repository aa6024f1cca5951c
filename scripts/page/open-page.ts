/** Opens the live page for a command: its files, a token, and the usual port or another one if that is taken. */
import { join } from 'node:path'
import { loadAssets } from '../../src/local-core/page/assets.ts'
import type { Feed } from '../../src/local-core/page/feed.ts'
import type { Routes } from '../../src/local-core/page/route.ts'
import { type Page, startPage } from '../../src/local-core/page/server.ts'
import { newToken } from '../../src/local-core/page/token.ts'

export interface PageWish {
  /** Absent: the usual one, or any free one. */
  readonly port: number | undefined
  readonly usualPort: number
  /** Of the package, which has the page's files. */
  readonly root: string
  /** Absent: a new one. */
  readonly token?: string
  readonly routes: Routes
  readonly greeting: () => object
  readonly writeError: (line: string) => void
}

export async function openPage(wish: PageWish, feed: Feed): Promise<Page> {
  const { port, usualPort, root, token = newToken(), routes, greeting, writeError } = wish
  const assets = await loadAssets(join(root, 'src', 'local-core', 'page', 'static'))
  const start = (wanted: number): Promise<Page> =>
    startPage({ port: wanted, host: '127.0.0.1', assets, token, routes, greeting }, feed)
  try {
    return await start(port ?? usualPort)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' && port === undefined) {
      writeError(`Port ${usualPort} is taken; the live page has another.`)
      return await start(0)
    }
    const hint = code === 'EADDRINUSE' ? 'it is taken; --port 0 takes any free one' : message
    throw new Error(`--port ${port ?? usualPort}: ${hint}`)
  }
}
