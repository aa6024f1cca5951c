import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { decodeFirst } from 'cborg'
import { CommanderError } from 'commander'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type SampleOptions, sample, sampleCommand } from '../../scripts/commands/sample.ts'
import treeReport from '../fixtures/reports/trees/container.json' with { type: 'json' }
import { copiedTree } from '../helpers/agent-tree.ts'
import { ManualClock, settle } from '../helpers/manual-clock.ts'
import { recordedTree, writeTree } from '../helpers/proc.ts'

const plain: SampleOptions = {
  procPath: recordedTree('container'),
  format: 'json',
  names: 'long',
  maxBytes: 128_000,
  count: 1,
  every: 1,
  loopback: false,
}
const none = { bytes_in: 0, bytes_out: 0, packets_in: 0, packets_out: 0 }

interface Trial {
  readonly exitCode: number
  readonly bytes: Buffer
  readonly errors: readonly string[]
  /** Wall-clock time at the beginning. */
  readonly startedMs: number
}

/** Runs the command on a clock that goes as far as is needed; `onReport` is told the number of each report. */
async function trial(
  options: Partial<SampleOptions>,
  onReport: (count: number, clock: ManualClock) => void = () => {},
): Promise<Trial> {
  const clock = new ManualClock()
  const startedMs = clock.wallMs()
  const chunks: Uint8Array[] = []
  const errors: string[] = []
  const running = sample(
    { ...plain, ...options },
    {
      clock,
      writeOut: (bytes) => {
        chunks.push(bytes)
        onReport(chunks.length, clock)
      },
      writeError: (line) => errors.push(line),
    },
  )
  let isOver = false
  running.finally(() => {
    isOver = true
  })
  while (!isOver) await (clock.sleeperCount > 0 ? clock.advance(1_000) : settle())
  return { exitCode: await running, bytes: Buffer.concat(chunks), errors, startedMs }
}

const lines = ({ bytes }: Trial) =>
  bytes
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

describe('what cannot be read', () => {
  test('one file: its metrics are missing, the rest is printed, and the exit status is 1', async () => {
    const tree = copiedTree({ onTestFinished })
    rmSync(join(tree.path, '1/net/udp'))
    const result = await trial({ procPath: tree.path })
    expect(result.exitCode).toBe(1)
    expect(result.errors).toEqual([expect.stringMatching(/^left out: net\/udp: ENOENT/)])
    const { listening_udp_ports, ...rest } = treeReport.metrics
    expect(lines(result)).toMatchObject([{ metrics: rest }])
    expect(listening_udp_ports.total).toBe(1)
    expect(result.bytes.toString()).not.toContain('listening_udp_ports')
  })

  test('nothing at all: no report, exit status 1, and why', async () => {
    const result = await trial({ procPath: '/nonexistent' })
    expect(result.exitCode).toBe(1)
    expect(result.bytes).toHaveLength(0)
    expect(result.errors.join('\n')).toMatch(/net\/tcp: ENOENT[\s\S]*nothing was measured/)
  })

  test('malformed lines: said, with the first of them, and no failure', async () => {
    const tree = copiedTree({ onTestFinished })
    tree.write('1/net/dev', 'Inter-|\n face |\nens5: 1 2 3\nens6: 4 5\n')
    const result = await trial({ procPath: tree.path })
    expect(result.exitCode).toBe(0)
    expect(result.errors).toEqual([
      expect.stringMatching(/^malformed lines left out: 2, the first: net\/dev line 3: /),
    ])
  })

  test('a tree that has no process 1: said, for the namespace may be another one', async () => {
    const path = writeTree({ 'net/tcp': 'header\n', 'net/udp': 'header\n', 'net/dev': 'a\nb\n' })
    onTestFinished(() => rmSync(path, { recursive: true }))
    const { exitCode, errors } = await trial({ procPath: path })
    expect(exitCode).toBe(0)
    expect(errors[0]).toMatch(/1\/net cannot be read .*network namespace/)
  })
})

describe('reports', () => {
  test('one: the golden report of the tree, without traffic', async () => {
    const result = await trial({})
    expect(result.errors).toEqual([])
    expect(result.exitCode).toBe(0)
    expect(lines(result)).toEqual([
      { header: { report_id: result.startedMs, version: '1.0' }, metrics: treeReport.metrics },
    ])
  })

  test('several: one a line, so far apart as asked, with the traffic in between', async () => {
    const tree = copiedTree({ onTestFinished })
    const result = await trial({ procPath: tree.path, count: 3, every: 5 }, (count) => {
      if (count !== 2) return
      tree.write('1/net/dev', 'a\nb\nens5: 1000700 1007 0 0 0 0 0 0 2000000 2000 0 0 0 0 0 0\n')
    })
    const [first, second, third] = lines(result)
    expect(first.metrics.network_stats).toBeUndefined()
    expect(second.metrics.network_stats).toEqual(none)
    expect(third.metrics.network_stats).toEqual({ ...none, bytes_in: 700, packets_in: 7 })
    expect(second.header.report_id - first.header.report_id).toBe(5_000)
    expect(third.header.report_id - second.header.report_id).toBe(5_000)
  })

  test('ids only grow, also when the clock is set back', async () => {
    const result = await trial({ count: 3 }, (_count, clock) => clock.step(-3_600_000))
    const ids = lines(result).map(({ header }) => header.report_id)
    expect(ids).toEqual([result.startedMs, result.startedMs + 1, result.startedMs + 2])
  })

  test('CBOR reports follow each other as a sequence (RFC 8742)', async () => {
    const { bytes, startedMs } = await trial({ format: 'cbor', count: 3, every: 2 })
    const ids: number[] = []
    for (let rest: Uint8Array = bytes; rest.length > 0; ) {
      const [report, after] = decodeFirst(rest)
      expect(report.metrics).toMatchObject(treeReport.metrics)
      ids.push(report.header.report_id)
      rest = after
    }
    expect(ids).toEqual([startedMs, startedMs + 2_000, startedMs + 4_000])
  })

  test('short names', async () => {
    const [report] = lines(await trial({ names: 'short' }))
    expect(report).toMatchObject({
      hed: { v: '1.0' },
      met: { tp: { t: 3 }, up: { t: 1 }, tc: { ec: { t: 3 } } },
    })
  })

  test('shrunk to a size: the total stays, and what was left out is said', async () => {
    const result = await trial({ maxBytes: 400 })
    expect(result.exitCode).toBe(0)
    expect(result.bytes.length).toBeLessThanOrEqual(400 + 1) // the end of the line
    expect(lines(result)[0].metrics.listening_tcp_ports.total).toBe(3)
    expect(result.errors).toEqual([
      expect.stringMatching(/^does not fit into 400 bytes and was left out: .*\d established connections/),
    ])
  })

  test('loopback only when asked for', async () => {
    const tree = copiedTree({ onTestFinished })
    const lo = (bytes: number) => `a\nb\nlo: ${bytes} 1 0 0 0 0 0 0 ${bytes} 1 0 0 0 0 0 0\n`
    const run = async (loopback: boolean) => {
      tree.write('1/net/dev', lo(10))
      const result = await trial({ procPath: tree.path, loopback, count: 2 }, () =>
        tree.write('1/net/dev', lo(30)),
      )
      return lines(result)[1].metrics.network_stats.bytes_in
    }
    expect(await run(false)).toBe(0)
    expect(await run(true)).toBe(20)
  })
})

describe('the command line', () => {
  test('the help fits into 80 columns', () => {
    const command = sampleCommand()
    let help = ''
    command.configureOutput({
      getOutHelpWidth: () => 80,
      writeOut: (text) => {
        help += text
      },
    })
    command.outputHelp()
    expect(help.length).toBeGreaterThan(500)
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([])
    for (const { long } of command.options) expect(help).toContain(long)
  })

  test.each([
    { args: ['--count', '0'], says: /whole number from 1 to/ },
    { args: ['--count', '1.5'], says: /whole number/ },
    { args: ['--every', '0'], says: /a number from 0\.1 to 86400/ },
    { args: ['--every', 'soon'], says: /a number/ },
    { args: ['--max-bytes', '10'], says: /whole number from 400 to 128000/ },
    { args: ['--format', 'xml'], says: /json, cbor/ },
    { args: ['--names', 'tiny'], says: /long, short/ },
    { args: ['--colour'], says: /unknown option/ },
    { args: ['more'], says: /too many arguments/ },
  ])('$args is refused', async ({ args, says }) => {
    const command = sampleCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
    const error = await command.parseAsync(args, { from: 'user' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CommanderError)
    expect((error as CommanderError).message).toMatch(says)
  })

  const program = resolve('dist/scripts/defender.js')
  const run = (args: readonly string[]) => {
    if (!existsSync(program)) throw new Error(`${program} is missing: \`npm run setup\` builds it`)
    const child = spawn(process.execPath, [program, 'sample', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  test('as a program: the report on standard output, faults on standard error', async () => {
    const child = run(['--proc-path', recordedTree('least'), '--names', 'short'])
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const [exitCode] = await once(child, 'close')
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toHaveProperty('hed.rid')
    expect(stderr).toMatch(/^defender sample: .*1\/net cannot be read/)
  })

  test('a reader that has seen enough is no error', async () => {
    const child = run(['--proc-path', recordedTree('container'), '--count', '1000000', '--every', '0.1'])
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [exitCode] = await once(child, 'exit')
    expect(exitCode).toBe(0)
  })
})
