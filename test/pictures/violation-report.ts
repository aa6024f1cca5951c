/**
 * Pictures of the violation report for the README, of a fleet that does not exist: the overview, the tutorial's violation,
 * its destination addresses, and a thing. Names of pictures: `report-<view>-<width>-<scheme>.png`.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { openPage } from '../helpers/browser.ts'
import { writeReport } from '../scripts/violations-report/client-of.ts'
import { exampleReport, TUTORIAL } from '../scripts/violations-report/example.ts'

/** The upper part of each page, as a tall window shows it. */
const SIZES = [
  { width: 1280, height: 1400, schemes: ['light', 'dark'] },
  { width: 390, height: 1400, schemes: ['light'] },
] as const
const VIEWS = [
  { name: 'overview', hash: '#/' },
  { name: 'violation', hash: `#/violation/${TUTORIAL.id}` },
  { name: 'destinations', hash: `#/violation/${TUTORIAL.id}?metric=aws%3Adestination-ip-addresses` },
  { name: 'thing', hash: `#/thing/${TUTORIAL.thingName}` },
]

/** The paths of the pictures. */
export async function takeReportPictures(browser: Browser, folder: string): Promise<string[]> {
  const file = await writeReport(exampleReport({ thingCount: 24, violationCount: 240, datapointCount: 864 }))
  const paths: string[] = []
  try {
    for (const { schemes, ...viewport } of SIZES) {
      const { page } = await openPage(browser, file.url, { viewport, reducedMotion: 'reduce' })
      for (const { name, hash } of VIEWS) {
        await page.goto(`${file.url}${hash}`)
        await page.locator('.drawing').first().waitFor()
        for (const colorScheme of schemes) {
          await page.emulateMedia({ colorScheme })
          const path = join(folder, `report-${name}-${viewport.width}-${colorScheme}.png`)
          await page.screenshot({ path })
          paths.push(path)
        }
      }
      await page.context().close()
    }
    return paths
  } finally {
    await rm(file.folder, { recursive: true, force: true })
  }
}
