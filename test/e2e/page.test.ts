/** The live page in a real browser: on a desk, from an attack to who did it; on a device; and with hostile strings. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runPage } from '../../scripts/commands/page.ts'
import { profileRoutes } from '../../scripts/page/profile-desk.ts'
import { sessionGreeting } from '../../scripts/page/session.ts'
import { compileProfile } from '../../src/detect/compile.ts'
import type { Behavior } from '../../src/detect/security-profile.ts'
import type { LocalCoreEvent } from '../../src/local-core/events.ts'
import { loadAssets } from '../../src/local-core/page/assets.ts'
import { createFeed } from '../../src/local-core/page/feed.ts'
import { startPage } from '../../src/local-core/page/server.ts'
import { createViewer } from '../../src/local-core/page/viewed-event.ts'
import { systemClock } from '../../src/schedule/clock.ts'
import { openHistory } from '../../src/store/history.ts'
import { writeState } from '../../src/store/state-file.ts'
import { hasBrowser, openBrowser, openPage, type WatchedPage, WITHOUT_BROWSER } from '../helpers/browser.ts'
import { healthy } from '../helpers/health.ts'
import { type LocalPage, startLocalPage } from '../helpers/local-page.ts'
import { exfiltration, healthEvent, healthOf, standing, violationEvent } from '../local-core/page/events.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const WIDE = { width: 1280, height: 900 }
const NARROW = { width: 390, height: 844 }
/** An interval of a second, a look at the machine each half a second, on a machine under load. */
const SOON = { timeout: 15_000 }

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** Findings that keep somebody from using the page, in light and in dark, where only the colours are others. */
async function seriousFindings(page: Page): Promise<string[]> {
  const findings: string[] = []
  await page.evaluate(axe)
  for (const [colorScheme, rules] of [
    ['light', undefined],
    ['dark', ['color-contrast']],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await page.evaluate(
      (runOnly) => {
        const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }
        return axe.run({ resultTypes: ['violations'], ...(runOnly && { runOnly }) })
      },
      rules && [...rules],
    )
    for (const { id, impact, nodes } of violations) {
      if (impact === 'serious' || impact === 'critical')
        findings.push(`${colorScheme}: ${id} ${nodes[0]?.target}`)
    }
  }
  return findings
}

/** As many as the profile of `defender local` has, of which each has its line of why. */
const fiveBehaviors = ['A', 'B', 'C', 'D', 'E'].map((behaviorName) =>
  standing({ behaviorName, detail: 'port 4444 of 120 in 300 s, normal is less-than-equals 250' }),
)

/** How far the page could be scrolled sideways, pixels. */
const overflowOf = (page: Page) =>
  page.locator('html').evaluate((element) => element.scrollWidth - element.clientWidth)

async function overflowAt(page: Page, size: typeof NARROW): Promise<number> {
  await page.setViewportSize(size)
  return overflowOf(page)
}

describe.skipIf(!hasBrowser)(`the live page in a browser (${WITHOUT_BROWSER})`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  describe('of defender local', () => {
    let local: LocalPage
    let watched: WatchedPage
    let page: Page
    beforeAll(async () => {
      local = await startLocalPage('--interval', '1')
      watched = await openPage(browser, local.url, { viewport: WIDE })
      page = watched.page
      await page.getByText('RUNNING', { exact: true }).waitFor(SOON)
    }, 60_000)
    afterAll(async () => {
      await watched?.page.context().close()
      await local?.stop()
    })

    test('takes the token out of the address, and a reload still has it', async () => {
      expect(new URL(page.url()).hash).toBe('')
      await page.reload()
      await page.getByText('RUNNING', { exact: true }).waitFor(SOON)
    })

    test('shows nothing to who has no token', async () => {
      const { page: other, errors } = await openPage(browser, new URL('/', local.url).href, {
        viewport: WIDE,
      })
      await other.getByText(/opened without its token/).waitFor(SOON)
      expect(await other.locator('#listeners tbody tr').count()).toBe(0)
      // The browser itself says that an answer was 401; nothing else may be wrong.
      expect(errors.filter((error) => !error.includes('401'))).toEqual([])
      await other.context().close()
    })

    test('leads from an attack to its alarm, its process and its peer in three clicks', async () => {
      await page.getByRole('button', { name: 'Start the attack beacon' }).click()
      const alarm = page.locator('#violations li.in-alarm', { hasText: 'Beacon' })
      await alarm.waitFor(SOON)
      await page.getByText('(1 in alarm)').or(page.locator('.tile.bad')).first().waitFor(SOON)
      // Another one waits for its turn.
      expect(await page.getByRole('button', { name: 'Start the attack telnet' }).isDisabled()).toBe(true)

      await page.getByRole('button', { name: 'See the alarm that it raised' }).click()
      await alarm.getByText(/Process of 127\.66\.6\.6/).waitFor(SOON)
      expect(await alarm.locator('.evidence').innerText()).toMatch(/node.*, pid \d+/)
      await alarm.getByRole('button', { name: '127.66.6.6' }).click()
      const row = page.locator('#connections tr.chosen')
      await row.waitFor(SOON)
      expect(await row.innerText()).toMatch(/127\.66\.6\.6\s+node \(\d+\)/)
      expect(await row.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true)
    }, 60_000)

    test('ends an attack when told to, and its alarm clears', async () => {
      await page.getByRole('button', { name: 'Stop the attack beacon' }).click()
      await page.locator('#violations li.alarm-cleared', { hasText: 'Beacon' }).waitFor(SOON)
      await page.locator('#attacks .progress', { hasText: 'ended' }).waitFor(SOON)
    }, 60_000)

    test('shows what a changed behavior would have raised, and applies it', async () => {
      await page
        .locator('#behaviors li', { hasText: 'ManyConnections' })
        .getByRole('button', { name: 'Try a change' })
        .click()
      const value = page.getByLabel('Value')
      await value.fill('none')
      await page.locator('.faults li').waitFor(SOON)
      expect(await page.locator('.faults').innerText()).toMatch(/criteria\.value\.count/)
      expect(await page.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true)

      // This browser's own connection to the page is there all the time.
      await value.fill('0')
      const sentence = page.getByText(
        /Over the last .* 1 alarm with this change, and as it stands no alarm\./,
      )
      await sentence.waitFor(SOON)
      expect(JSON.parse(await page.locator('.result pre').innerText())).toMatchObject({
        name: 'ManyConnections',
        criteria: { comparisonOperator: 'less-than-equals', value: { count: 0 } },
      })
      await page.getByRole('button', { name: 'Apply to the running agent' }).click()
      await page.getByText('Applied: the agent has been told to judge by it.').waitFor(SOON)
      await page.locator('#violations li.in-alarm', { hasText: 'ManyConnections' }).waitFor(SOON)
    }, 60_000)

    test('reads out the chart under the pointer and by the arrow keys', async () => {
      const plot = page.locator('#traffic .plot').first()
      const text = () => plot.getAttribute('aria-valuetext')
      await plot.hover({ position: { x: 3, y: 20 } })
      const first = await text()
      await plot.hover({ position: { x: 500, y: 20 } })
      expect(await text()).not.toBe(first)
      await page.mouse.move(0, 0)
      await plot.press('ArrowLeft')
      const before = Number(await plot.getAttribute('aria-valuenow'))
      await plot.press('ArrowLeft')
      expect(Number(await plot.getAttribute('aria-valuenow'))).toBeLessThan(before)
      await page.getByRole('button', { name: 'Connections', exact: true }).click()
      await page.locator('#traffic figcaption', { hasText: 'Established' }).waitFor(SOON)
    })

    test('keeps nobody out: no serious finding of axe-core', async () => {
      expect(await seriousFindings(page)).toEqual([])
    }, 60_000)

    test('fits a phone', async () => {
      expect(await overflowAt(page, NARROW)).toBe(0)
      await page.setViewportSize(WIDE)
    })

    test('had no error in its console and asked nothing of anybody else', () => {
      expect([watched.errors, watched.foreignRequests]).toEqual([[], []])
    })
  })

  describe('with hostile strings in every field', () => {
    const HOSTILE =
      '<img src=x onerror="hacked=1"><script>hacked=1</script>"\'&`\u202e\u0000javascript:hacked=1'
    const long = `${HOSTILE}${'W'.repeat(400)}`
    const T = Date.now()

    /** What anybody on the machine or in the cloud may choose: names, addresses, interfaces, texts. */
    const events: LocalCoreEvent[] = [
      { event: 'core', at: T, state: 'started', mode: 'classic', socketPath: HOSTILE, thingName: long },
      { event: 'component', at: T, state: 'ERRORED', reason: long },
      {
        event: 'report',
        at: T,
        status: 'REJECTED',
        reportId: 1,
        bytes: 1,
        format: 'json',
        topic: HOSTILE,
        report: {
          header: { report_id: 1, version: HOSTILE },
          metrics: {
            listening_tcp_ports: { ports: [{ port: 22, interface: long }], total: 1 },
            tcp_connections: {
              established_connections: {
                connections: [{ remote_addr: long, local_port: 1, local_interface: HOSTILE }],
                total: 1,
              },
            },
            network_stats: { bytes_in: 1, bytes_out: 1, packets_in: 1, packets_out: 1 },
          },
          custom_metrics: { [long]: [{ string_list: [HOSTILE, long] }] },
        },
        reply: {
          thingName: HOSTILE,
          reportId: 1,
          status: 'REJECTED',
          statusDetails: { ErrorCode: HOSTILE as never, ErrorMessage: long },
          timestamp: T,
        },
        remarks: [long],
      },
      {
        event: 'log',
        at: T,
        stream: 'stderr',
        line: JSON.stringify({ level: 'error', message: long, [HOSTILE]: HOSTILE }),
      },
      { event: 'denied', at: T, operation: HOSTILE, resource: long },
      violationEvent({
        at: T,
        behavior: {
          name: long,
          metric: 'aws:destination-ip-addresses',
          criteria: { comparisonOperator: HOSTILE, value: { cidrs: [long] } },
        },
        metricValue: { cidrs: [long] },
        evidence: {
          kind: 'list',
          early: false,
          observed: [HOSTILE],
          observedTotal: 1,
          offendersTotal: 1,
          firstSeen: [{ element: HOSTILE, at: T }],
          processes: [{ element: long, pid: 1, executable: long, containerId: HOSTILE }],
        },
      }),
      violationEvent({ at: T, id: 'b'.repeat(32), ...exfiltration }),
      healthEvent(
        {
          ...healthOf(T, [
            standing({ behaviorName: long, securityProfileName: HOSTILE, metric: long, detail: long }),
          ]),
          agentVersion: HOSTILE,
          outbox: { entries: 1, bytes: 1, dropped: {}, state: HOSTILE, fault: long },
          parts: [{ part: HOSTILE, durationMs: 1, failures: 1, error: long }],
        },
        T,
      ),
    ]

    test('they are shown and not run, at any width', async () => {
      const feed = createFeed()
      const view = createViewer()
      for (const event of events) feed.publish(view(event))
      const profile = { securityProfileName: HOSTILE, behaviors: [{ name: long, metric: long }] }
      feed.publish({ event: 'profiles', at: T, profiles: [profile] })
      feed.publish({ event: 'attack', at: T, name: 'beacon', state: 'failed', startedAt: T, says: [long] })
      const process = { pid: 1, executable: long }
      const owners = {
        listeners: [{ protocol: 'tcp' as const, port: 22, ...process }],
        hosts: [{ address: long, ...process }],
      }
      feed.publish({ event: 'owners', at: T, ...owners })
      const server = await startPage(
        {
          port: 0,
          host: '127.0.0.1',
          token: 'x'.repeat(22),
          assets: await loadAssets(join(root, 'src', 'local-core', 'page', 'static')),
          // What is wrong with a behavior is said with what was given.
          routes: new Map(
            profileRoutes({
              historyDirectory: join(root, 'none'),
              lookBackMs: 1,
              now: () => T,
              profiles: () => [profile],
            }),
          ),
          greeting: () =>
            sessionGreeting({ kind: 'machine', canApply: true, steps: [{ command: long, meaning: long }] }),
        },
        feed,
      )
      const watched = await openPage(browser, server.url, { viewport: WIDE })
      const { page } = watched
      await page.locator('#violations summary').first().waitFor(SOON)
      for (const summary of await page.locator('summary').all()) await summary.click()
      for (const each of await page.locator('#violations button').all()) await each.click()

      expect(await page.locator('img, main script').count()).toBe(0)
      expect(await page.evaluate(() => (globalThis as { hacked?: number }).hacked)).toBeUndefined()
      for (const id of [
        'facts',
        'behaviors',
        'violations',
        'connections',
        'listeners',
        'custom',
        'log',
        'reports',
        'next',
        'agent',
        'attacks',
      ]) {
        expect(await page.locator(`#${id}`).textContent(), id).toContain('<img src=x onerror=')
      }
      expect(await page.locator('#trial-behavior').textContent()).toContain('<script>hacked=1</script>')
      expect([await overflowOf(page), await overflowAt(page, NARROW)]).toEqual([0, 0])
      expect(await page.locator('.faults').textContent()).toContain('<img src=x onerror=')
      expect([watched.errors, watched.foreignRequests]).toEqual([[], []])
      await page.context().close()
      await server.close()
    }, 60_000)
  })

  describe('of a device', () => {
    test('shows its own state, read only', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'page-e2e-'))
      const history = await openHistory(join(directory, 'history'))
      const now = Date.now()
      for (let index = 12; index >= 1; index--) {
        await history.appendDatapoints(now - index * 300_000, [
          { metric: 'aws:listening-tcp-ports', value: { ports: index < 4 ? [22, 4444] : [22] } },
          { metric: 'aws:num-listening-tcp-ports', value: { count: index < 4 ? 2 : 1 } },
          { metric: 'aws:destination-ip-addresses', value: { cidrs: ['192.0.2.7'] } },
          { metric: 'aws:num-established-tcp-connections', value: { count: 1 } },
          ...['bytes-in', 'bytes-out', 'packets-in', 'packets-out'].map((name) => ({
            metric: `aws:all-${name}`,
            value: { count: 1000 * index },
          })),
        ])
      }
      await history.appendViolation(now - 900_000, violationEvent({ at: now - 900_000 }).payload)
      const violation = violationEvent({ at: now - 900_000 }).payload as {
        readonly securityProfileName: string
        readonly behavior: Behavior
      }
      const judged = (behavior: Behavior) =>
        writeState(
          join(directory, 'state.json'),
          { version: 1 },
          {
            recentStarts: [],
            detect: {
              version: 1,
              behaviors: [
                {
                  profileName: violation.securityProfileName,
                  behaviorName: behavior.name,
                  fingerprint: compileProfile({ securityProfileName: 'any', behaviors: [behavior] }).judged[0]
                    ?.fingerprint,
                },
              ],
            },
          },
        )
      await judged(violation.behavior)
      await writeFile(
        join(directory, 'status.json'),
        JSON.stringify({ ...healthy, at: now, behaviors: fiveBehaviors }),
      )
      const lines: string[] = []
      const stopped = new AbortController()
      const running = runPage(
        { directory, port: 0 },
        {
          write: (line) => lines.push(line),
          writeError: (line) => lines.push(line),
          root,
          clock: systemClock,
          findDirectory: () => Promise.reject(new Error('not asked')),
          stopped: stopped.signal,
        },
      )
      await expect.poll(() => lines.length).toBeGreaterThanOrEqual(5)
      const url = /http:\S+/.exec(lines.join('\n'))?.[0] ?? ''
      const watched = await openPage(browser, url, { viewport: WIDE })
      const { page } = watched
      const alarm = page.locator('#violations li.in-alarm', { hasText: 'BackdoorPort' })
      await alarm.waitFor(SOON)
      expect(await page.locator('#facts').innerText()).toMatch(/gateway-1[\s\S]*classic[\s\S]*connected/)
      expect(await page.locator('#reports').innerText()).toMatch(/Accepted by Device Defender\s+118/)
      expect(await page.locator('#connections').innerText()).toMatch(/192\.0\.2\.7/)
      expect(await page.locator('#attacks').isVisible()).toBe(false)
      expect(await page.getByRole('button', { name: 'Apply' }).isVisible()).toBe(false)

      await alarm.locator('summary').click()
      await alarm.getByRole('button', { name: 'Try a change of this behavior' }).click()
      await page.getByText(/12 intervals: 1 alarm with this change, and as it stands 1 alarm/).waitFor(SOON)
      await page.getByLabel('Value').fill('23')
      await page.getByText(/12 intervals: no alarm with this change, and as it stands 1 alarm/).waitFor(SOON)

      // What does not fit has a shade at its edge; the behaviors of a profile or two fit.
      await page.setViewportSize(NARROW)
      expect(
        await page.locator('.behaviors.scroll').evaluate((list) => list.scrollHeight - list.clientHeight),
      ).toBe(0)
      await page.setViewportSize(WIDE)

      // What the agent is told elsewhere, no violation tells of: the page does not take what it knows for that.
      const elsewhere = { ...violation.behavior.criteria, value: { ports: [4445] } }
      await judged({ ...violation.behavior, criteria: elsewhere })
      await page.getByText(/judges by other criteria now than those of the violation of/).waitFor(SOON)
      await page
        .getByText(/no alarm with this change, and 1 alarm with those of the violation of \S+/)
        .waitFor(SOON)

      expect(await seriousFindings(page)).toEqual([])
      expect(await overflowAt(page, NARROW)).toBe(0)
      expect([watched.errors, watched.foreignRequests]).toEqual([[], []])
      await page.context().close()
      stopped.abort()
      await running
      await history.close()
      await rm(directory, { recursive: true })
    }, 60_000)
  })
})
