/**
 * Pictures of the live page for the README, of a run that has something to show: a machine's own sockets, an alarm that
 * cleared, one that stands, and a behavior being tried. Names of pictures: `live-page-<width>-<scheme>.png`.
 */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { openPage } from '../helpers/browser.ts'
import { startLocalPage } from '../helpers/local-page.ts'

/** The upper part of the page, as a tall window shows it. */
const SIZES = [
  { width: 1280, height: 1400, schemes: ['light', 'dark'] },
  { width: 390, height: 1400, schemes: ['light'] },
] as const
/** Some intervals more, so that the charts have a shape. */
const SETTLE_MS = 8_000

/** The paths of the pictures, each the whole page. */
export async function takeLivePagePictures(browser: Browser, folder: string): Promise<string[]> {
  const local = await startLocalPage('--interval', '2')
  const { page } = await openPage(browser, local.url, { viewport: SIZES[0] })
  const paths: string[] = []
  try {
    await page.getByText('RUNNING', { exact: true }).waitFor()
    await page.waitForTimeout(SETTLE_MS)
    await page.getByRole('button', { name: 'Start the attack connections' }).click()
    await page.locator('#violations li.in-alarm', { hasText: 'ManyConnections' }).waitFor()
    await page.getByRole('button', { name: 'Stop the attack connections' }).click()
    await page.locator('#violations li.alarm-cleared', { hasText: 'ManyConnections' }).waitFor()
    await page.getByRole('button', { name: 'Start the attack beacon' }).click()
    await page.getByRole('button', { name: 'See the alarm that it raised' }).click()
    await page.locator('#behaviors li', { hasText: 'ManyConnections' }).getByRole('button').click()
    await page.getByLabel('Value').fill('400')
    await page.getByText(/no alarm with this change, and as it stands 1 alarm/).waitFor()
    await page.locator('h1').click()
    for (const { schemes, ...viewport } of SIZES) {
      await page.setViewportSize(viewport)
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme })
        const path = join(folder, `live-page-${viewport.width}-${colorScheme}.png`)
        await page.screenshot({ path })
        paths.push(path)
      }
    }
    return paths
  } finally {
    await page.context().close()
    await local.stop()
  }
}
