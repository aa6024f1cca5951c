import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PageCommandOptions, pageCommand, runPage } from '../../../scripts/commands/page.ts'
import { healthy } from '../../helpers/health.ts'
import { ManualClock } from '../../helpers/manual-clock.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const TOKEN = 'abcdefghijklmnopqrstuvwxyz'

let directory: string
const file = (name: string) => join(directory, name)
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'page-test-'))
  await writeFile(file('status.json'), JSON.stringify(healthy))
  await writeFile(file('token'), `${TOKEN}\n`)
  await writeFile(file('short'), 'secret')
  await writeFile(file('spaced'), `${TOKEN} ${TOKEN}`)
  await writeFile(file('bad.json'), '{"securityProfileName": "a b"}')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** Runs the command until `during` has ended. */
async function run(
  options: PageCommandOptions,
  during: (url: string, printed: string) => Promise<void> | void,
) {
  const lines: string[] = []
  const stopped = new AbortController()
  const running = runPage(
    { port: 0, ...options },
    {
      write: (line) => lines.push(line),
      writeError: (line) => lines.push(line),
      root: ROOT,
      clock: new ManualClock(healthy.at),
      findDirectory: async () => directory,
      stopped: stopped.signal,
    },
  )
  await Promise.race([running, expect.poll(() => lines.join('\n')).toMatch(/Ctrl-C ends it/)])
  const printed = lines.join('\n')
  await during(/http:\S+/.exec(printed)?.[0] ?? '', printed)
  stopped.abort()
  await running
}

describe('what is refused', () => {
  const cases: { name: string; options: () => PageCommandOptions; says: RegExp }[] = [
    {
      name: 'no folder',
      options: () => ({ directory: '/none' }),
      says: /--directory \/none: cannot be read \(ENOENT\)/,
    },
    { name: 'a file', options: () => ({ directory: file('token') }), says: /is not a folder/ },
    {
      name: 'no token file',
      options: () => ({ tokenFile: file('none') }),
      says: /--token-file .*cannot be read/,
    },
    { name: 'a short token', options: () => ({ tokenFile: file('short') }), says: /at least 22 letters/ },
    { name: 'two tokens', options: () => ({ tokenFile: file('spaced') }), says: /and nothing else/ },
    {
      name: 'a faulty profile',
      options: () => ({ profile: [file('bad.json')] }),
      says: /--profile: .*securityProfileName/s,
    },
  ]
  it.each(cases)('$name', async ({ options, says }) => {
    await expect(run(options(), () => {})).rejects.toThrow(says)
  })
})

describe('what is served', () => {
  it('the agent’s state, on the loopback address, to who has the token', async () => {
    await run({ tokenFile: file('token') }, async (url, printed) => {
      expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/#token=${TOKEN}$`))
      expect(printed).toContain(`ssh -L ${new URL(url).port}:127.0.0.1:${new URL(url).port} `)
      const ask = (path: string, headers = {}) => fetch(new URL(path, url), { headers })
      const authorized = { Authorization: `Bearer ${TOKEN}` }
      expect((await ask('/metrics')).status).toBe(401)
      const scrape = await ask('/metrics', authorized)
      expect([scrape.status, scrape.headers.get('content-type')]).toEqual([
        200,
        'text/plain; version=0.0.4; charset=utf-8',
      ])
      expect(await scrape.text()).toContain('greengrass_defender_info{thing="gateway-1"')
      for (const path of ['/attack/beacon', '/apply', '/stop-attack']) {
        expect((await ask(path, authorized)).status).toBe(404)
      }
    })
  })

  it('a token that is new each time', async () => {
    const tokens: string[] = []
    for (const _ of [1, 2]) await run({}, (url) => void tokens.push(new URL(url).hash))
    expect(tokens[0]).toMatch(/^#token=[\w-]{22}$/)
    expect(tokens[0]).not.toBe(tokens[1])
  })

  it('and an answer for Prometheus when there is no state', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'page-test-'))
    await run({ directory: empty, tokenFile: file('token') }, async (url) => {
      const scrape = await fetch(new URL('/metrics', url), { headers: { Authorization: `Bearer ${TOKEN}` } })
      expect([scrape.status, await scrape.json()]).toEqual([503, { error: expect.stringMatching(/ENOENT/) }])
      // The page is told where it looks: it has to say that nothing is there.
      const events = await fetch(new URL('/events', url), { headers: { Authorization: `Bearer ${TOKEN}` } })
      let text = ''
      for await (const chunk of events.body ?? []) {
        text += new TextDecoder().decode(chunk)
        if (text.includes('"session"')) break
      }
      expect(text).toContain(`"directory":${JSON.stringify(empty)}`)
    })
    await rm(empty, { recursive: true })
  })
})

it('has help that fits 80 columns and says how to come from afar', () => {
  let help = ''
  const command = pageCommand().configureOutput({
    getOutHelpWidth: () => 80,
    writeOut: (text) => {
      help += text
    },
  })
  command.outputHelp()
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(help).toMatch(/folder of --directory\s+may be empty still/)
  expect(help).toMatch(/ssh -L 8643:127\.0\.0\.1:8643/)
})
