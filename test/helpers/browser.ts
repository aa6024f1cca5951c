/** A real browser for the pages that people look at: Debian's chromium, which playwright-core drives. */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'
export const hasBrowser = existsSync(EXECUTABLE)
/** For the name of a suite that is skipped. */
export const WITHOUT_BROWSER = `skipped where ${EXECUTABLE} is not there`

/** Quiet: nothing of the browser's own goes to the network. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: EXECUTABLE, args: ARGS })

export interface WatchedPage {
  readonly page: Page
  /** Errors and warnings of the console, and exceptions that nobody caught. */
  readonly errors: readonly string[]
  /** Requests to anywhere but the page's own origin; of a file, but the file itself. */
  readonly foreignRequests: readonly string[]
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const errors: string[] = []
  const foreignRequests: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('request', (request) => {
    if (!isOwn(request.url(), url)) foreignRequests.push(request.url())
  })
  await page.goto(url)
  return { page, errors, foreignRequests }
}

function isOwn(requested: string, url: string): boolean {
  const [own, other] = [new URL(url), new URL(requested)]
  if (other.protocol === 'data:') return true
  if (own.protocol === 'file:') return other.protocol === 'file:' && other.pathname === own.pathname
  return other.host === own.host
}
