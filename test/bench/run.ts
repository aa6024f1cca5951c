/** One run of the benchmarks: each group by itself, so that one that fails costs only its own figures. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type DrawTable, loadTable } from '../../scripts/render/table.ts'
import { terminalStyle } from '../../scripts/render/terminal.ts'
import { version } from '../../src/version.ts'
import type { BenchContext, Group } from './figure.ts'
import { groups } from './groups.ts'
import { isSameKind, loadAverage, machineText, thisMachine } from './machine.ts'
import { plainStart, recipeStart } from './node-start.ts'
import { figureTable } from './report-table.ts'
import {
  type GroupRun,
  type LastRun,
  lastOf,
  type RunResult,
  readLast,
  writeLast,
  writeResults,
} from './results.ts'

export interface BenchOptions {
  readonly only?: readonly Group[]
  readonly rest: number
  readonly awsLines: number
  /** From the root of the checkout. */
  readonly json: string
  readonly save: boolean
}

const ARTIFACT = 'dist/artifact'
const RECIPE = 'recipes/community.greengrass.DeviceDefender.yaml'
const LAST = 'test/bench/last.json'
/** Files there are read at the speed of memory, and a sync costs nothing. */
const MEMORY_DISK = '/dev/shm'

/** `root` is the checkout's. Answers the exit status: 1 when a group could not be measured. */
export async function runBench(root: string, options: BenchOptions): Promise<number> {
  const scratch = mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), 'bench-'))
  const removeScratch = () => rmSync(scratch, { recursive: true, force: true })
  // As shells count a signal: 128 and its number.
  const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      removeScratch()
      process.exit(exitCodes[signal])
    })
  }
  try {
    const context = makeContext(root, scratch, options)
    const last = readLast(join(root, LAST))
    const draw = await loadTable(terminalStyle(process.stdout, process.env))
    const result = await measureAll(context, options.only ?? groups, last, draw)
    write(closing(result))
    const json = resolve(root, options.json)
    writeResults(json, result)
    write(`all figures: ${json}`)
    if (options.save) {
      writeLast(join(root, LAST), lastOf(result, last))
      write(`to compare with from now on: ${LAST}`)
    }
    return Object.values(result.groups).some(({ error }) => error !== undefined) ? 1 : 0
  } finally {
    removeScratch()
  }
}

function makeContext(root: string, scratch: string, { rest, awsLines }: BenchOptions): BenchContext {
  if (!existsSync(join(root, ARTIFACT, 'greengrass-defender/main.js'))) {
    throw new Error(
      `there is no ${ARTIFACT} below ${root}: \`npm run setup\` builds it, as \`npm run bench\` does`,
    )
  }
  const artifact = join(scratch, 'artifact')
  cpSync(join(root, ARTIFACT), artifact, { recursive: true })
  return {
    root,
    scratch,
    artifact,
    starts: { recipe: recipeStart(readFileSync(join(root, RECIPE), 'utf8'), scratch), plain: plainStart },
    restSeconds: rest,
    awsLinesMax: awsLines,
  }
}

async function measureAll(
  context: BenchContext,
  chosen: readonly Group[],
  last: LastRun | undefined,
  draw: DrawTable,
): Promise<RunResult> {
  const { flags, environment } = context.starts.recipe
  const before = {
    at: new Date().toISOString(),
    version,
    machine: thisMachine(),
    loadAverageBefore: loadAverage(),
    nodeFlags: flags,
    nodeEnvironment: environment,
  }
  write(opening(before, last))
  const runs: Record<string, GroupRun> = {}
  for (const [index, group] of chosen.entries()) {
    process.stderr.write(`measuring ${index + 1} of ${chosen.length}: ${group.name}\n`)
    const run = await measureOne(group, context)
    runs[group.name] = run
    write(`\n${group.title}`)
    if (run.figures.length > 0) write(figureTable(draw, run.figures, last?.figures[group.name]))
    for (const note of run.notes) write(`  ${note}`)
    if (run.error !== undefined) write(`  failed: ${run.error}`)
  }
  return { ...before, loadAverageAfter: loadAverage(), groups: runs }
}

async function measureOne(group: Group, context: BenchContext): Promise<GroupRun> {
  const startedMs = performance.now()
  const seconds = () => Math.round((performance.now() - startedMs) / 100) / 10
  try {
    const { figures, notes } = await group.run(context)
    return { seconds: seconds(), figures, notes }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { seconds: seconds(), figures: [], notes: [], error: message }
  }
}

type Before = Pick<RunResult, 'version' | 'machine' | 'loadAverageBefore' | 'nodeFlags' | 'nodeEnvironment'>

function opening(before: Before, last: LastRun | undefined): string {
  const { machine, loadAverageBefore, nodeFlags, nodeEnvironment } = before
  const settings = [...Object.entries(nodeEnvironment).map((pair) => pair.join('=')), ...nodeFlags].join(' ')
  const lines = [
    `greengrass-defender ${before.version} on ${machineText(machine)}`,
    `the recipe starts Node with ${settings || 'no flags'}`,
    `load average ${loadAverageBefore}${loadAverageBefore > 0.5 ? ': others use this machine, so expect noise' : ''}`,
    'median of several runs, min-max their spread; x floor: times what the kernel or Node alone takes',
  ]
  if (last === undefined) return [...lines, `nothing to compare with: there is no ${LAST}`].join('\n')
  const origin = isSameKind(machine, last.machine)
    ? 'a machine like this one'
    : `another machine (${machineText(last.machine)}): compare ratios only`
  return [
    ...lines,
    `last: ${last.at.slice(0, 10)}, ${last.version}, load average ${last.loadAverage}, on ${origin}`,
    'change: since the last; under 25 % it is noise, for the same program differs as much by itself',
  ].join('\n')
}

function closing({ groups: runs, loadAverageBefore, loadAverageAfter }: RunResult): string {
  const seconds = Object.values(runs).reduce((sum, run) => sum + run.seconds, 0)
  const each = Object.entries(runs).map(([name, run]) => `${name} ${Math.round(run.seconds)}`)
  return [
    `\n${Math.round(seconds)} s in all: ${each.join(', ')}`,
    `load average ${loadAverageBefore} before, ${loadAverageAfter} after, of which this run is one`,
  ].join('\n')
}

const write = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
