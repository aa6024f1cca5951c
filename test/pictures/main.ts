/**
 * `npm run screenshots`: the pictures of the documentation, in docs/pictures, of the report and of the live page, at 1280 and
 * 390 pixels. Needs Chromium; what they show is made up or harmless, and nothing leaves the machine.
 */
import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { hasBrowser, openBrowser, WITHOUT_BROWSER } from '../helpers/browser.ts'
import { takeLivePagePictures } from './live-page.ts'
import { takeReportPictures } from './violation-report.ts'

const folder = join(process.cwd(), 'docs', 'pictures')
if (!hasBrowser) {
  process.stderr.write(`screenshots: ${WITHOUT_BROWSER}\n`)
  process.exitCode = 1
} else {
  await mkdir(folder, { recursive: true })
  const browser = await openBrowser()
  try {
    for (const take of [takeLivePagePictures, takeReportPictures]) {
      for (const path of await take(browser, folder)) {
        process.stdout.write(`${relative(process.cwd(), path)}\n`)
      }
    }
  } finally {
    await browser.close()
  }
}
