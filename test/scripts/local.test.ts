import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type LocalIo,
  type LocalOptions,
  localCommand,
  runLocal,
  thingNameFrom,
} from '../../scripts/commands/local.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { demoProfiles } from '../../src/local-core/demo-profiles.ts'
import type { LocalCoreEvent } from '../../src/local-core/events.ts'
import { rejectedEvent, reportEvent, T0, violationEvent } from '../local-core/page/events.ts'

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'local-test-'))
  await mkdir(join(root, 'dist', 'artifact', 'greengrass-defender'), { recursive: true })
  await writeFile(join(root, 'dist', 'artifact', 'greengrass-defender', 'main.js'), '')
  await symlink(fileURLToPath(new URL('../../src', import.meta.url)), join(root, 'src'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const PLAIN: LocalOptions = { mode: 'classic', page: false, output: 'text' }
const BROKEN: LocalCoreEvent = { event: 'component', at: T0, state: 'BROKEN', reason: 'three strikes' }

type OutputError = (error: NodeJS.ErrnoException) => void

interface Trial {
  status: 0 | 1
  stdout: string
  stderr: string
  /** What was asked of the core, in order. */
  calls: string[]
  coreOptions: Record<string, unknown>
  /** The live page as fetched while the component ran. */
  page: string
}

interface Script {
  /** What the core says as soon as the component is started. */
  events?: LocalCoreEvent[]
  /** Happens then; the run ends afterwards, as by Ctrl-C, unless told otherwise. */
  afterwards?: (outside: {
    stderr: () => string
    breakOutput: (code: string) => void
  }) => Promise<void> | void
  stops?: boolean
  startFails?: string
  stopFails?: string
}

/** Runs the command with a core that plays a script. */
async function trial(options: Partial<LocalOptions>, script: Script = {}): Promise<Trial> {
  const stopped = new AbortController()
  const result: Trial = { status: 1, stdout: '', stderr: '', calls: [], coreOptions: {}, page: '' }
  const outputErrors: OutputError[] = []
  const breakOutput = (code: string) => {
    for (const listener of outputErrors) listener(Object.assign(new Error(code), { code }))
  }
  const io: LocalIo = {
    stdout: {
      write: (text) => {
        result.stdout += text
      },
      on: (_event, listener) => outputErrors.push(listener),
    },
    stderr: {
      write: (text) => {
        result.stderr += text
      },
    },
    env: {},
    root,
    stopped: stopped.signal,
    startCore: async (coreOptions, onEvent) => {
      result.coreOptions = { ...coreOptions }
      if (script.startFails !== undefined) throw new Error(script.startFails)
      return {
        startComponent: async () => {
          result.calls.push('startComponent')
          for (const event of script.events ?? []) onEvent(event)
          await script.afterwards?.({ stderr: () => result.stderr, breakOutput })
          if (script.stops !== false) stopped.abort()
        },
        stopComponent: async () => {
          result.calls.push('stopComponent')
          onEvent({ event: 'component', at: T0 + 1, state: 'FINISHED' })
          if (script.stopFails !== undefined) throw new Error(script.stopFails)
        },
        updateConfiguration: async (merge) => {
          result.calls.push(`updateConfiguration ${JSON.stringify(merge)}`)
          return 'applied'
        },
        stop: async () => {
          result.calls.push('stop')
        },
      }
    },
  }
  result.status = await runLocal({ ...PLAIN, ...options }, io)
  return result
}

describe('options', () => {
  const refused = [
    { argv: ['--for', '0'], says: /--for <seconds>.*'0' is invalid.*whole number from 1 to 86400/ },
    { argv: ['--for', 'soon'], says: /'soon' is invalid.*whole number from 1 to 86400/ },
    { argv: ['--interval', '1.5'], says: /--interval <seconds>.*'1\.5' is invalid.*from 1 to 86400/ },
    { argv: ['--interval', '86401'], says: /'86401' is invalid/ },
    { argv: ['--interval', '1e3'], says: /'1e3' is invalid/ },
    { argv: ['--interval', ''], says: /'' is invalid/ },
    { argv: ['--port', '65536'], says: /--port <number>.*from 0 to 65535/ },
    { argv: ['--port', '-1'], says: /'-1' is invalid|argument missing/ },
    { argv: ['--mode', 'v1'], says: /Allowed choices are classic, lite/ },
    { argv: ['--output', 'xml'], says: /Allowed choices are text, json/ },
    { argv: ['--colour'], says: /unknown option '--colour'/ },
    { argv: ['now'], says: /too many arguments/ },
  ]
  it.each(refused)('refuses $argv', async ({ argv, says }) => {
    const { error } = await parse(argv)
    expect(error).toMatch(says)
  })

  it('takes numbers as numbers and leaves what is not given open', async () => {
    const argv = [
      '--for',
      '30',
      '--interval',
      '2',
      '--port',
      '0',
      '--no-page',
      '--output',
      'json',
      '--mode',
      'lite',
    ]
    expect((await parse(argv)).options).toEqual({
      for: 30,
      interval: 2,
      port: 0,
      page: false,
      output: 'json',
      mode: 'lite',
    })
    expect((await parse([])).options).toEqual({ page: true, output: 'text', mode: 'classic' })
  })

  it('has help that fits 80 columns and names every option', () => {
    const command = localCommand().configureOutput({ getOutHelpWidth: () => 80 })
    let help = ''
    command.configureOutput({
      writeOut: (text) => {
        help += text
      },
    })
    command.outputHelp()
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    for (const flag of ['--for', '--interval', '--mode', '--port', '--no-page', '--config', '--output']) {
      expect(help).toContain(flag)
    }
    expect(help).toContain('Examples:')
  })

  /** Parses only; the run itself is not started. */
  async function parse(argv: string[]): Promise<{ error: string; options: unknown }> {
    let error = ''
    const command: Command = localCommand()
      .exitOverride()
      .configureOutput({
        writeErr: (text) => {
          error += text
        },
      })
      .action(() => {})
    await command.parseAsync(argv, { from: 'user' }).catch(() => {})
    return { error, options: command.opts() }
  }
})

describe('exit status', () => {
  const cases: { name: string; events: LocalCoreEvent[]; status: 0 | 1; says: RegExp }[] = [
    {
      name: 'no report before Ctrl-C',
      events: [],
      status: 1,
      says: /^defender local: stopped before the first report\n$/,
    },
    {
      name: 'no report, and the component said why',
      events: [{ event: 'log', at: T0, stream: 'stdout', line: '{"level":"error","message":"no /proc"}' }],
      status: 1,
      says: /the component's last error: no \/proc\n$/,
    },
    {
      name: 'only rejected ones',
      events: [rejectedEvent(), rejectedEvent({ remarks: ['header: missing'] })],
      status: 1,
      says: /no report was accepted, 2 rejected, the last with InvalidPayload: [\w ]+ \(header: missing\)\n$/,
    },
    {
      name: 'only unanswered ones',
      events: [reportEvent({ status: 'SILENT' })],
      status: 1,
      says: /no report was accepted, 1 got no reply\n$/,
    },
    {
      name: 'BROKEN after an accepted one',
      events: [reportEvent(), BROKEN],
      status: 1,
      says: /BROKEN: three strikes\n$/,
    },
    { name: 'one accepted', events: [reportEvent()], status: 0, says: /^$/ },
    { name: 'one accepted among others', events: [rejectedEvent(), reportEvent()], status: 0, says: /^$/ },
  ]
  it.each(cases)('$status for $name', async ({ events, status, says }) => {
    const result = await trial({}, { events })
    expect(result.stderr).toMatch(says)
    expect(result.status).toBe(status)
    expect(result.calls).toEqual(['startComponent', 'stopComponent', 'stop'])
  })

  it('ends by itself when the component is BROKEN', async () => {
    expect((await trial({}, { events: [BROKEN], stops: false })).status).toBe(1)
  })

  it('1 for no report before the end of --for', async () => {
    const { status, stderr } = await trial({ for: 0.05 }, { events: [], stops: false })
    expect(stderr).toMatch(/^defender local: no report was published before the end; is the interval longer/)
    expect(status).toBe(1)
  })

  it('ends by itself after --for', async () => {
    const started = Date.now()
    const { status, calls } = await trial({ for: 0.05 }, { events: [reportEvent()], stops: false })
    expect([status, calls.at(-1)]).toEqual([0, 'stop'])
    expect(Date.now() - started).toBeLessThan(5000)
  })

  it('1 when the core cannot start, with its reason', async () => {
    const { status, stderr, calls } = await trial({}, { startFails: 'recipe: no manifest fits' })
    expect([status, stderr, calls]).toEqual([1, 'defender local: recipe: no manifest fits\n', []])
  })

  it('1 when stopping fails, and the rest is stopped all the same', async () => {
    const { status, stderr, calls } = await trial({}, { events: [reportEvent()], stopFails: 'it hangs' })
    expect([status, stderr]).toEqual([1, 'defender local: while stopping: it hangs\n'])
    expect(calls).toEqual(['startComponent', 'stopComponent', 'stop'])
  })

  it('1 when the component has not been built', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'local-test-'))
    const io = { root: empty, env: {}, stopped: AbortSignal.abort() }
    let said = ''
    const write = (text: string) => {
      said += text
    }
    const stream = { write, on: () => {} }
    const startCore = () => Promise.reject(new Error('not reached'))
    expect(await runLocal(PLAIN, { ...io, stdout: stream, stderr: stream, startCore })).toBe(1)
    expect(said).toMatch(/main\.js is missing: run `npm run build` first/)
    await rm(empty, { recursive: true })
  })
})

describe('the component configuration', () => {
  const configurationFor = async (options: Partial<LocalOptions>) =>
    (await trial(options, { events: [reportEvent()] })).coreOptions.configuration

  async function file(text: string): Promise<string> {
    const path = join(await mkdtemp(join(root, 'config-')), 'config')
    await writeFile(path, text)
    return path
  }

  it('reports often, what happens on loopback too, and judges the demo profiles', async () => {
    expect(await configurationFor({})).toEqual({
      SampleIntervalSeconds: 10,
      LocalSampleIntervalSeconds: 1,
      HealthIntervalSeconds: 10,
      IncludeLoopback: true,
      SecurityProfiles: demoProfiles,
      ProcessAttribution: true,
    })
  })

  const paces = [
    { interval: 1, sample: 0.5, health: 1 },
    { interval: 2, sample: 1, health: 2 },
    { interval: 600, sample: 1, health: 600 },
  ]
  it.each(paces)('looks and tells often enough for an interval of $interval s', async (pace) => {
    expect(await configurationFor({ interval: pace.interval })).toMatchObject({
      SampleIntervalSeconds: pace.interval,
      LocalSampleIntervalSeconds: pace.sample,
      HealthIntervalSeconds: pace.health,
    })
  })

  const fromFile = [
    {
      text: 'SampleIntervalSeconds: 4',
      expected: { HealthIntervalSeconds: 4, LocalSampleIntervalSeconds: 1 },
    },
    { text: 'SampleIntervalSeconds: "0.01"', expected: { LocalSampleIntervalSeconds: 0.01 } },
    {
      text: 'SampleIntervalSeconds: often',
      expected: { SampleIntervalSeconds: 'often', HealthIntervalSeconds: 10 },
    },
    { text: 'LocalSampleIntervalSeconds: 5', expected: { LocalSampleIntervalSeconds: 5 } },
    { text: 'SecurityProfiles: {}', expected: { SecurityProfiles: {} } },
  ]
  it.each(fromFile)('with $text in the file: $expected', async ({ text, expected }) => {
    expect(await configurationFor({ config: await file(text) })).toMatchObject(expected)
  })

  it.each([undefined, 1, 86_400])('is one that the component takes, --interval %s', async (interval) => {
    const configuration = await configurationFor(interval === undefined ? {} : { interval })
    expect(parseConfig(configuration)).toMatchObject({ ok: true })
  })

  const merged = [
    { name: 'JSON', text: '{"FieldNames":"short","IncludeLoopback":false}' },
    { name: 'YAML', text: 'FieldNames: short # a comment\nIncludeLoopback: false\n' },
  ]
  it.each(merged)('takes $name over the defaults', async ({ text }) => {
    expect(await configurationFor({ config: await file(text) })).toMatchObject({
      SampleIntervalSeconds: 10,
      IncludeLoopback: false,
      FieldNames: 'short',
    })
  })

  it('takes --interval over the file, and the file over the default', async () => {
    const config = await file('SampleIntervalSeconds: 60')
    expect(await configurationFor({ config })).toMatchObject({ SampleIntervalSeconds: 60 })
    expect(await configurationFor({ config, interval: 2 })).toMatchObject({ SampleIntervalSeconds: 2 })
  })

  it('has the folder of --state, from the root, whatever the file says; the other commands are told of it', async () => {
    const config = await file('StateDirectory: /elsewhere')
    expect(await configurationFor({ config, state: 'kept' })).toMatchObject({
      StateDirectory: join(process.cwd(), 'kept'),
    })
    const { stdout } = await trial({ state: 'kept' }, { events: [reportEvent()] })
    expect(stdout).toMatch(/^ {2}State {6}kept$/m)
    expect(stdout).toContain('npx defender violations list --history kept\n')
    expect((await trial({}, { events: [reportEvent()] })).stdout).toContain(
      'npx defender local --state ./state\n',
    )
  })

  it('says what pace the file sets', async () => {
    const bySchedule = await trial(
      { config: await file('Schedule: "*/5 * * * *"') },
      { events: [reportEvent()] },
    )
    expect(bySchedule.stdout).toContain('Reports    by the schedule "*/5 * * * *", until Ctrl-C')
  })

  const bad = [
    { name: 'a list', text: '[1]', says: 'must hold a mapping' },
    { name: 'nothing', text: '', says: 'must hold a mapping' },
    { name: 'YAML that is none', text: 'a: 1\nb: [2', says: 'line 2' },
  ]
  it.each(bad)('refuses $name', async ({ text, says }) => {
    const config = await file(text)
    const { status, stderr, calls } = await trial({ config })
    expect([status, calls]).toEqual([1, []])
    expect(stderr).toContain(`--config ${config}: `)
    expect(stderr).toContain(says)
  })

  it('refuses a file that is not there', async () => {
    expect((await trial({ config: '/nowhere/x.yaml' })).stderr).toBe(
      'defender local: --config /nowhere/x.yaml: cannot be read (ENOENT)\n',
    )
  })
})

describe('output', () => {
  it('json: one object a line, a report’s beginning with what scripts look at', async () => {
    const log: LocalCoreEvent = { event: 'log', at: T0, stream: 'stdout', line: 'x' }
    const { stdout, stderr } = await trial({ output: 'json' }, { events: [log, reportEvent()] })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['log', 'report', 'component'])
    expect(lines[0]).toBe(JSON.stringify(log))
    expect(lines[1]).toMatch(
      new RegExp(`^{"event":"report","status":"ACCEPTED","reportId":${T0},"bytes":1234,"at":${T0},`),
    )
    expect(JSON.parse(String(lines[1]))).toEqual(reportEvent())
    expect(stderr).toBe('')
  })

  it('json: violations and health messages as the core gave them', async () => {
    const { stdout } = await trial({ output: 'json' }, { events: [violationEvent(), reportEvent()] })
    expect(JSON.parse(String(stdout.split('\n')[0]))).toEqual(violationEvent())
  })

  it('text: alarms at once, and how many there were at the end', async () => {
    const events = [violationEvent(), violationEvent({ via: 'iot-core' }), reportEvent()]
    const { stdout, status } = await trial({}, { events })
    expect(stdout.match(/ALARM {4}BackdoorPort {2}port 4444\n/g)).toHaveLength(1)
    expect(stdout).toMatch(/0 unanswered\. 1 alarm raised\.\n$/)
    expect(status).toBe(0)
  })

  it('text: heading, reports, and the sum at the end', async () => {
    const { stdout } = await trial({ for: 30 }, { events: [reportEvent()] })
    expect(stdout).toMatch(/^greengrass-defender\n/)
    expect(stdout).toContain(`ACCEPTED ${T0}`)
    expect(stdout).toMatch(/component FINISHED\nStopped\. 1 report accepted, 0 rejected, 0 unanswered\.\n$/)
  })

  it('a closed pipe ends the run quietly', async () => {
    const { status, stderr, stdout, calls } = await trial(
      {},
      { events: [reportEvent()], stops: false, afterwards: ({ breakOutput }) => breakOutput('EPIPE') },
    )
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).not.toContain('Stopped.')
    expect(calls.at(-1)).toBe('stop')
  })

  it('a pipe closed before the first report is told as that', async () => {
    const script: Script = { stops: false, afterwards: ({ breakOutput }) => breakOutput('EPIPE') }
    const { status, stderr } = await trial({}, script)
    expect([status, stderr]).toEqual([
      1,
      'defender local: standard output was closed before the first report\n',
    ])
  })

  it('a full disk ends it with the reason', async () => {
    const { status, stderr } = await trial(
      {},
      { events: [reportEvent()], stops: false, afterwards: ({ breakOutput }) => breakOutput('ENOSPC') },
    )
    expect([status, stderr]).toEqual([1, 'defender local: standard output: ENOSPC\n'])
  })
})

describe('the live page', () => {
  it('is served while the run lasts, and says where', async () => {
    let html = ''
    let url = ''
    const { stdout } = await trial(
      { page: true, port: 0, output: 'json' },
      {
        events: [reportEvent()],
        afterwards: async ({ stderr }) => {
          url = String(/^Live page: (\S+)$/m.exec(stderr())?.[1])
          html = await (await fetch(url)).text()
        },
      },
    )
    expect(html).toContain('Listening on this machine')
    expect(stdout).not.toContain('Live page')
    await expect(fetch(url)).rejects.toThrow()
  })

  it('gives an attack, a trial and a change of the component to who has the token', async () => {
    const answers: unknown[] = []
    const { calls } = await trial(
      { page: true, port: 0, output: 'json' },
      {
        afterwards: async ({ stderr }) => {
          const url = new URL(String(/^Live page: (\S+)$/m.exec(stderr())?.[1]))
          const post = async (path: string, body: object, token = url.hash.slice('#token='.length)) => {
            const response = await fetch(new URL(path, url), {
              method: 'POST',
              headers: {
                Authorization: `Bearer ${token}`,
                Origin: url.origin,
                'Content-Type': 'application/json',
              },
              body: JSON.stringify(body),
            })
            return response.ok ? response.json() : response.status
          }
          const [telnet] = (demoProfiles.demo?.behaviors ?? []).filter(({ name }) => name === 'Telnet')
          const given = { profileName: 'demo', behavior: { ...telnet, suppressAlerts: true } }
          answers.push(await post('/attack/beacon', {}, 'wrong'))
          answers.push(await post('/attack/beacon', {}))
          answers.push(await post('/attack/telnet', {}))
          answers.push(await post('/trial', given))
          answers.push(await post('/apply', given))
          // The attack is still running: the end of the run ends it.
        },
      },
    )
    expect(answers).toMatchObject([
      401,
      { name: 'beacon', state: 'running' },
      409,
      { ok: true, trial: { intervals: 0 } },
      { result: 'applied' },
    ])
    const [, update = ''] = calls
    const { SecurityProfiles } = JSON.parse(update.slice('updateConfiguration '.length))
    expect(Object.keys(SecurityProfiles)).toEqual(['demo'])
    expect(SecurityProfiles.demo.behaviors).toEqual(
      demoProfiles.demo?.behaviors?.map((each) =>
        each.name === 'Telnet' ? { ...each, suppressAlerts: true } : each,
      ),
    )
    expect(calls.slice(2)).toEqual(['stopComponent', 'stop'])
  })

  it('refuses a port that is taken, and says what would do', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const { status, stderr, calls } = await trial({ page: true, port })
    expect([status, calls]).toEqual([1, []])
    expect(stderr).toBe(`defender local: --port ${port}: it is taken; --port 0 takes any free one\n`)
    await new Promise((resolve) => other.close(resolve))
  })
})

describe('thingNameFrom', () => {
  it.each([
    ['gateway-07', 'gateway-07'],
    ['gateway 07.example/x', 'gateway-07-example-x'],
    ['', 'this-machine'],
    ['x'.repeat(200), 'x'.repeat(128)],
  ])('%s', (host, name) => expect(thingNameFrom(host)).toBe(name))
})
