/**
 * Collecting, measured in fresh processes of Node, started with the flags that are asked for: a process that has measured
 * something else before is warm, and has other memory.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { measureFirst, measureWarm } from './collection.ts'
import { RUNS, type Times } from './measure.ts'
import type { NodeStart } from './node-start.ts'

/** Of 50,000 real sockets or a million generated lines; what goes well takes a fifth of it. */
const TIMEOUT_MS = 120_000
const FIRSTS = 5

const PROGRAM = `
import { measureFirst, measureWarm } from './test/bench/collection.ts'
const [what, procPath, runs] = process.argv.slice(2)
process.stdout.write(JSON.stringify(what === 'first' ? measureFirst(procPath) : measureWarm(procPath, Number(runs))))
`

export class CollectionProcess {
  readonly #program: string

  private constructor(program: string) {
    this.#program = program
  }

  /** Bundles the program as the artifact is; `scratch` keeps it. */
  static async build(root: string, scratch: string): Promise<CollectionProcess> {
    const { build } = await import('esbuild')
    const program = join(scratch, 'collect.mjs')
    await build({
      absWorkingDir: root,
      stdin: { contents: PROGRAM, resolveDir: root, loader: 'ts' },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20.19',
      minifyWhitespace: true,
      minifySyntax: true,
      logLevel: 'warning',
    })
    return new CollectionProcess(program)
  }

  warm(start: NodeStart, procPath: string, runs = RUNS): Promise<ReturnType<typeof measureWarm>> {
    return this.#run(start, ['warm', procPath, String(runs)])
  }

  /** Each in a process of its own. */
  async firsts(start: NodeStart, procPath: string): Promise<Times[]> {
    const times: Times[] = []
    for (let turn = 0; turn < FIRSTS; turn += 1) {
      times.push(await this.#run<ReturnType<typeof measureFirst>>(start, ['first', procPath]))
    }
    return times
  }

  async #run<T>({ flags, environment }: NodeStart, asked: readonly string[]): Promise<T> {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, this.#program, ...asked], {
      env: { PATH: process.env.PATH, ...environment },
      timeout: TIMEOUT_MS,
    })
    return JSON.parse(stdout) as T
  }
}
