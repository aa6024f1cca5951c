import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { type StatusOptions, status, statusCommand } from '../../scripts/commands/status.ts'
import { formatDuration } from '../../scripts/render/numbers.ts'
import { terminalStyle } from '../../scripts/render/terminal.ts'
import { findInWorkFolders } from '../../scripts/work-folders.ts'
import type { BehaviorHealth, Health } from '../../src/report/health.ts'
import { serveStatus, writeStatus } from '../../src/store/status.ts'
import { HEALTH_AT, healthy } from '../helpers/health.ts'

let folder: string
let undo: (() => Promise<unknown>)[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'status-'))
  undo = [() => rm(folder, { recursive: true })]
})
afterEach(async () => {
  for (const step of undo.reverse()) await step()
})

const quick: Health = { ...healthy, stateIntervalSeconds: 10 }

const NOW = HEALTH_AT + 12_000

interface Printed {
  readonly code: number
  readonly out: string
  readonly errors: string[]
}

async function print(options: Partial<StatusOptions>, width = 80): Promise<Printed> {
  let out = ''
  const errors: string[] = []
  const code = await status(
    { output: 'text', ...options },
    {
      now: () => NOW,
      style: { ...terminalStyle({}, {}), width },
      write: (text) => {
        out += text
      },
      writeError: (line) => errors.push(line),
      findFile: () => findInWorkFolders('status.json', '--file or --socket', [join(folder, 'work')]),
    },
  )
  return { code, out, errors }
}

async function printHealth(
  health: Health,
  options: Partial<StatusOptions> = {},
  width = 80,
): Promise<Printed> {
  const file = join(folder, 'status.json')
  await writeStatus(file, health)
  return print({ file, ...options }, width)
}

const behavior = (state: BehaviorHealth['state'], more: Partial<BehaviorHealth> = {}): BehaviorHealth => ({
  securityProfileName: 'demo',
  behaviorName: 'Exfiltration',
  metric: 'aws:all-bytes-out',
  state,
  detail: '1204 of less-than-equals 500000000',
  ...more,
})

describe('what nobody can tell', () => {
  const path = () => join(folder, 'status.json')

  const files: { name: string; content: unknown; says: RegExp }[] = [
    { name: 'nothing in it', content: '', says: /no state yet/ },
    { name: 'no JSON', content: '{"healthVersion":1', says: /it is not JSON/ },
    { name: 'something else', content: ['status'], says: /has no version of it, this command knows 1/ },
    { name: 'nothing at all', content: null, says: /has no version/ },
    { name: 'a newer version', content: { ...healthy, healthVersion: 2 }, says: /has version 2 of it/ },
    { name: 'no reports', content: { ...healthy, reports: null }, says: /reports\.handedOver is no number/ },
    {
      name: 'text for a number',
      content: { ...healthy, outbox: { ...healthy.outbox, entries: '0' } },
      says: /outbox\.entries is no number/,
    },
    { name: 'no parts', content: { ...healthy, parts: {} }, says: /parts is no list/ },
    { name: 'odd behaviors', content: { ...healthy, behaviors: ['ok'] }, says: /behaviors is no list/ },
  ]
  it.each(files)('a file with $name', async ({ content, says }) => {
    await writeFile(path(), typeof content === 'string' ? content : JSON.stringify(content))
    const { code, out, errors } = await print({ file: path() })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(errors).toEqual([expect.stringMatching(says)])
  })

  it('a file that is not there', async () => {
    expect(await print({ file: path() })).toEqual({
      code: 2,
      out: '',
      errors: [`${path()}: cannot be read (ENOENT)`],
    })
  })

  it('nothing at the usual places', async () => {
    const { code, errors } = await print({})
    expect(code).toBe(2)
    expect(errors[0]).toContain(`${folder}/work/status.json\nGive the right one with --file or --socket.`)
  })

  it('a socket that is not there', async () => {
    const { code, errors } = await print({ socket: join(folder, 'socket') })
    expect(code).toBe(2)
    expect(errors[0]).toMatch(/no such socket; is StatusSocket set/)
  })

  /** A socket of somebody else, who answers like that. */
  async function serve(answer: (client: Socket) => void): Promise<string> {
    const socket = join(folder, 'socket')
    const server: Server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    undo.push(() => new Promise((resolve) => server.close(resolve)))
    return socket
  }

  it('a socket that closes without a word', async () => {
    const { code, errors } = await print({ socket: await serve((client) => client.end()) })
    expect(code).toBe(2)
    expect(errors[0]).toMatch(/no state yet/)
  })

  it('a socket that does not stop', async () => {
    const socket = await serve((client) => {
      const more = () => {
        while (!client.destroyed && client.write(Buffer.alloc(65_536)));
      }
      client.on('drain', more).on('error', () => undefined)
      more()
    })
    const { code, errors } = await print({ socket })
    expect(code).toBe(2)
    expect(errors[0]).toMatch(/answers with more than 4194304 bytes/)
  })
})

describe('a healthy agent', () => {
  it('is told from its file', async () => {
    const { code, out, errors } = await printHealth(healthy)
    expect({ code, errors }).toEqual({ code: 0, errors: [] })
    expect(out).toMatchInlineSnapshot(`
      "greengrass-defender 0.1.0  gateway-1  healthy
        As of     2026-11-24 10:00:00 UTC, 12 s ago
        Process   up 3 h 3 min, 4 starts, 61.2 MB resident
        Nucleus   classic, connected
        Reports   120 handed over, 118 accepted, 2 rejected
                  last accepted 1 min ago
        Outbox    empty; nothing dropped; durable

        Part  Last, ms  Failures  Error
        tcp        1.2         0
        udp        0.4         2
      "
    `)
  })

  it('is told from its socket', async () => {
    const socket = join(folder, 'socket')
    const server = await serveStatus(socket, () => healthy)
    undo.push(() => server.close())
    const { code, out } = await print({ socket })
    expect(code).toBe(0)
    expect(out).toContain('gateway-1  healthy')
  })

  it('is told from the usual place', async () => {
    await writeStatus(join(folder, 'work', 'status.json'), healthy)
    expect((await print({})).code).toBe(0)
  })

  it('as JSON is what it was, and the verdict', async () => {
    const { code, out } = await printHealth(healthy, { output: 'json' })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({ ...healthy, isHealthy: true, problems: [] })
  })

  const fine: { name: string; health: Health; says: RegExp }[] = [
    {
      name: 'an alarm',
      health: { ...healthy, behaviors: [behavior('in-alarm', { since: NOW - 300_000 })] },
      says: /in-alarm +demo \/ Exfiltration +5 min ago: 1204 of less-than-equals 500000000$/m,
    },
    {
      name: 'a part that failed before',
      health: { ...healthy, parts: [{ part: 'udp', durationMs: 0.25, failures: 1204 }] },
      says: /udp +0\.3 +1,204/,
    },
    {
      name: 'nobody who answers',
      health: { ...healthy, reports: { handedOver: 9, accepted: 0, rejected: 0, isUnanswered: true } },
      says: /none accepted yet; nobody answers on the reserved topic/,
    },
    {
      name: 'an outbox that waits',
      health: {
        ...healthy,
        outbox: {
          entries: 12,
          bytes: 34_567,
          oldestAt: NOW - 7_500_000,
          dropped: { age: 3, bytes: 0, givenUp: 1 },
          state: 'durable',
        },
      },
      says: /12 waiting, 34\.6 kB, the oldest 2 h 5 min ago; dropped 3 \(age\), 1 \(givenUp\); durable/,
    },
    { name: 'a clock that went back', health: { ...healthy, at: NOW + 90_000 }, says: /1 min ahead/ },
  ]
  it.each(fine)('may have $name', async ({ health, says }) => {
    const { code, out } = await printHealth(health)
    expect(code).toBe(0)
    expect(out).toMatch(says)
  })
})

describe('an agent that is not healthy', () => {
  const cases: { name: string; health: Health; options?: Partial<StatusOptions>; says: string }[] = [
    {
      name: 'a part that fails',
      health: { ...healthy, parts: [{ part: 'tcp', durationMs: 1, failures: 1, error: 'net/tcp: EACCES' }] },
      says: 'tcp fails: net/tcp: EACCES',
    },
    {
      name: 'an outbox without a disk',
      health: {
        ...healthy,
        outbox: { ...healthy.outbox, state: 'degraded', fault: 'ENOSPC: no space left' },
      },
      says: 'the outbox is in memory only: ENOSPC: no space left',
    },
    {
      name: 'no nucleus',
      health: { ...healthy, nucleus: 'lite', isConnected: false },
      says: 'not connected to the nucleus (lite)',
    },
  ]
  it.each(cases)('$name', async ({ health, options = {}, says }) => {
    const { code, out } = await printHealth(health, options)
    expect(code).toBe(1)
    expect(out.split('\n').slice(0, 2)).toEqual([
      'greengrass-defender 0.1.0  gateway-1  NOT HEALTHY',
      `  ${says}`,
    ])
    const json = await printHealth(health, { ...options, output: 'json' })
    expect(JSON.parse(json.out)).toMatchObject({ isHealthy: false, problems: [says] })
  })
})

test('an agent that has ended says so, however new its state is', async () => {
  const { code, out } = await printHealth({ ...healthy, hasEnded: true })
  expect(code).toBe(1)
  expect(out.split('\n').slice(0, 2)).toEqual([
    'greengrass-defender 0.1.0  gateway-1  ended 2026-11-24 10:00:00 UTC',
    '  the agent was stopped, and has not been started again',
  ])
  expect(out).toContain('Nucleus   classic, connected then\n')
})

describe('a state that is old', () => {
  const aged = (health: Health, ageSeconds: number): Health => ({ ...health, at: NOW - ageSeconds * 1000 })

  it('is of an agent that has not been seen since, whatever it says of then', async () => {
    const { code, out } = await printHealth(aged(quick, 360))
    expect(code).toBe(1)
    expect(out.split('\n').slice(0, 2)).toEqual([
      'greengrass-defender 0.1.0  gateway-1  not seen since 2026-11-24 09:54:12 UTC',
      '  the state is 360 s old, more than 60 s: does the agent still run?',
    ])
    expect(out).toContain('Nucleus   classic, connected then\n')
    expect(out).not.toMatch(/ healthy/)
    const json = await printHealth(aged(quick, 360), { output: 'json' })
    expect(JSON.parse(json.out)).toMatchObject({
      isHealthy: false,
      problems: [expect.stringContaining('360 s old')],
    })
  })

  it.each([
    { name: 'reports each ten seconds', health: quick, mayBe: 60 },
    { name: 'reports each five minutes', health: healthy, mayBe: 900 },
    {
      name: 'a schedule and an hourly message',
      health: { ...healthy, stateIntervalSeconds: 3_600 },
      mayBe: 10_800,
    },
    { name: 'an age that is allowed', health: quick, options: { maxAge: 5000 }, mayBe: 5000 },
  ])('may be $mayBe s with $name', async ({ health, options = {}, mayBe }) => {
    expect((await printHealth(aged(health, mayBe), options)).code).toBe(0)
    const { code, out } = await printHealth(aged(health, mayBe + 1), options)
    expect(code).toBe(1)
    expect(out).toContain('not seen since')
  })

  it('may have any age where nothing tells how often it is written', async () => {
    const { stateIntervalSeconds: _, ...scheduled } = healthy
    expect((await printHealth(aged(scheduled, 1_000_000))).code).toBe(0)
  })

  it('from the socket is of an agent that runs, unless an age is asked for', async () => {
    const socket = join(folder, 'socket')
    const server = await serveStatus(socket, () => aged(quick, 3000))
    undo.push(() => server.close())
    expect((await print({ socket })).code).toBe(0)
    expect((await print({ socket, maxAge: 2999 })).code).toBe(1)
  })
})

describe('what is printed', () => {
  const crowded: Health = {
    ...healthy,
    thingName: 'gateway\u001b[31m-1',
    parts: [
      {
        part: 'custom metric with a long name',
        durationMs: 12_345.6,
        failures: 1_000_000,
        error: 'e'.repeat(300),
      },
    ],
    behaviors: [
      behavior('not-judged', {
        behaviorName: 'b'.repeat(128),
        detail: 'not evaluated on the device: '.repeat(9),
      }),
      behavior('ok'),
      behavior('learning', { detail: 'learning, 12 of 30\u0007' }),
    ],
  }

  it.each([80, 120])('fits into %s columns', async (width) => {
    const { out } = await printHealth(
      { ...crowded, parts: crowded.parts.map(({ error: _, ...part }) => part) },
      {},
      width,
    )
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
  })

  it('has bytes with their unit, and all of the threshold', async () => {
    const { out } = await printHealth({
      ...healthy,
      behaviors: [
        behavior('in-alarm', {
          detail: '601700213 in 300 s, normal is less-than-equals 500000000',
          since: NOW - 300_000,
        }),
        behavior('ok', { metric: 'aws:all-packets-out', detail: '1204, normal is less-than 300' }),
      ],
    })
    expect(out.split('\n').slice(-4, -1)).toEqual([
      '  in-alarm  demo / Exfiltration  5 min ago: 602 MB in 300 s, normal is',
      '                                 less-than-equals 500 MB',
      '  ok        demo / Exfiltration  1,204, normal is less-than 300',
    ])
  })

  it('has no control characters of the file', async () => {
    const { out } = await printHealth(crowded)
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })
})

describe('a duration', () => {
  it.each([
    [-5, '0 s'],
    [0.9, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [3599, '59 min'],
    [3600, '1 h'],
    [11_000, '3 h 3 min'],
    [86_400, '1 d'],
    [190_000, '2 d 4 h'],
    [1e9, '11,574 d 1 h'],
  ])('of %s s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })
})

describe('the command', () => {
  it('has help that fits into 80 columns', () => {
    let help = ''
    statusCommand()
      .configureOutput({ getOutHelpWidth: () => 80, writeOut: (text) => (help += text) })
      .outputHelp()
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('takes a socket or a file, not both', () => {
    const command = statusCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
    expect(() => command.parse(['--socket', '/a', '--file', '/b'], { from: 'user' })).toThrow(
      /cannot be used with/,
    )
  })
})
