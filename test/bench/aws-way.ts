/**
 * What AWS's way of collecting costs on the same machine, at the same time, beside ours: psutil's, by a script that does
 * the work of the published collector of AWS's Python agents. Needs python3 with psutil.
 */
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CollectionProcess } from './collection-process.ts'
import { type BenchContext, type Figure, figure, type Group, type GroupResult } from './figure.ts'
import { SocketHolders } from './socket-holders.ts'
import { summarize } from './statistics.ts'

const LINES = [0, 100, 1_000, 10_000, 50_000]
/** At each number of lines; one turn that takes longer is waited for. */
const SECONDS = 3
const TURN_MS_MAX = 300_000
/** On PATH, and Debian's, whose packages another python3 before it would not see. */
const PYTHONS = ['python3', '/usr/bin/python3']

export const awsWay: Group = {
  name: 'aws',
  title: "AWS's way (psutil), rewritten, beside ours: CPU time (lines of net/tcp)",
  run,
}

async function run(context: BenchContext): Promise<GroupResult> {
  const python = findPython()
  if (python === undefined) {
    return { figures: [], notes: ['skipped: no python3 here can import psutil (Debian: python3-psutil)'] }
  }
  const processes = await CollectionProcess.build(context.root, context.scratch)
  const holders = new SocketHolders()
  const figures: Figure[] = []
  const notes = [
    `${python.path}, psutil ${python.version}; warm, as all of ours are`,
    ...SocketHolders.othersNote(),
  ]
  try {
    for (const lines of LINES) {
      if (lines > context.awsLinesMax) {
        notes.push(`skipped: ${lines} lines, above --aws-lines ${context.awsLinesMax}`)
        break
      }
      const problem = await holders.hold(lines)
      if (problem !== undefined) {
        notes.push(`skipped: ${lines} lines and more: ${problem}`)
        break
      }
      figures.push(...(await figuresAt(lines, context, processes, python.path)))
    }
  } finally {
    await holders.release()
  }
  return { figures, notes }
}

async function figuresAt(
  lines: number,
  { root, starts }: BenchContext,
  processes: CollectionProcess,
  python: string,
): Promise<Figure[]> {
  const ours = await processes.warm(starts.recipe, '/proc')
  const script = join(root, 'test/bench/aws_way.py')
  const { stdout } = await promisify(execFile)(python, [script, String(SECONDS)], { timeout: TURN_MS_MAX })
  const theirs = summarize((JSON.parse(stdout) as { readonly cpuMs: readonly number[] }).cpuMs)
  const floor = ours.floor.cpuMs.median
  const prefix = lines.toLocaleString('en-US')
  return [
    figure(`${prefix} floor`, 'ms', ours.floor.cpuMs),
    figure(`${prefix} ours`, 'ms', ours.report.cpuMs, { floor }),
    figure(`${prefix} AWS's way`, 'ms', theirs, { floor }),
  ]
}

function findPython(): { readonly path: string; readonly version: string } | undefined {
  for (const path of PYTHONS) {
    const { status, stdout } = spawnSync(path, ['-c', 'import psutil; print(psutil.__version__)'], {
      encoding: 'utf8',
    })
    if (status === 0) return { path, version: stdout.trim() }
  }
  return undefined
}
