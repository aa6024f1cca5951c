/**
 * The zip is all that a device needs besides Node: every end-to-end test runs what was unpacked from it, in a folder from
 * where nothing that is installed here can be found, and here the agent is watched for what it opens all the same.
 */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { type Cleanup, startAgent } from '../helpers/agent.ts'
import { agentNode, agentPath, agentProgram, artifactFolder, slowness } from '../helpers/artifact.ts'

vi.setConfig({ testTimeout: 40_000 * slowness })

const checkout = resolve(fileURLToPath(new URL('../..', import.meta.url)))
const modes = ['classic', 'lite'] as const
/** Of the package of this name; it is used where it is installed and may look at processes. */
const [TRACER] = ['strace'] as const
/** Loads each part of the program that is loaded only when needed. */
const allParts = { ReportFormat: 'cbor', Schedule: '* * * * * *', SampleIntervalSeconds: 300 }

describe('the folder that it is unpacked into', () => {
  test('lies outside of the checkout, and no node_modules is above it', () => {
    const folder = realpathSync(dirname(agentProgram))
    expect(folder.startsWith(`${checkout}/`)).toBe(false)
    expect(foldersAbove(folder).filter((above) => existsSync(join(above, 'node_modules')))).toEqual([])
  })

  test('holds plain files, no native code, no installed package', () => {
    const entries = readdirSync(artifactFolder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory())
    expect(files.length).toBeGreaterThan(4)
    expect(files.filter((file) => !file.isFile())).toEqual([])
    const elf = Buffer.from('\x7fELF')
    const starts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)).subarray(0, 4))
    expect(starts.filter((start) => start.equals(elf))).toEqual([])
    expect(entries.filter(({ name }) => name === 'node_modules' || name.endsWith('.node'))).toEqual([])
  })
})

/** Node's own permission model: what is not allowed cannot be read, by `import` neither. */
describe.concurrent('where Node refuses to read anything but this folder, /proc and the work directory', () => {
  const agentsOwn = join(realpathSync(tmpdir()), 'agent-*')
  const read = [`${artifactFolder}/*`, '/proc/*', agentsOwn]
  const options = [
    permissionFlag(),
    '--no-warnings',
    ...read.map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-write=${agentsOwn}`,
  ]

  test('what is installed in the checkout is out of reach', () => {
    const program = `import(${JSON.stringify(join(checkout, 'node_modules/fflate/lib/index.cjs'))})`
    const allowed = spawnSync(agentNode, ['-e', program], { encoding: 'utf8' })
    expect(allowed).toMatchObject({ status: 0, stderr: '' })
    const refused = spawnSync(agentNode, [...options, '-e', program], { encoding: 'utf8' })
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('ERR_ACCESS_DENIED')
  })

  test.for(modes)('on %s: the agent reports', async (mode, context) => {
    const agent = await startAgent(context, {
      mode,
      environment: { NODE_OPTIONS: options.join(' ') },
      configuration: allParts,
    })
    expect(await agent.nextReport()).toMatchObject({ status: 'ACCEPTED', format: 'cbor' })
    await agent.nextReport()
    expect(agent.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  })
})

test.skipIf(!canTrace())('by its system calls it opens nothing of the checkout (strace)', async (context) => {
  const folder = tracingNode(context)
  const agent = await startAgent(context, {
    mode: 'lite',
    environment: { PATH: `${folder}:${agentPath}` },
    configuration: allParts,
    isOddOutputMeant: true,
  })
  await agent.nextReport()
  await agent.core.stopComponent()
  const opened = openedFiles(readFileSync(join(folder, 'trace'), 'utf8'))
  expect(opened).toContain(agentProgram)
  const nodesOwn = dirname(dirname(realpathSync(agentNode)))
  expect(opened.filter((path) => path.startsWith(`${checkout}/`) && !path.startsWith(nodesOwn))).toEqual([])
  expect(opened.filter((path) => path.includes('/node_modules/'))).toEqual([])
})

function foldersAbove(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...foldersAbove(above)]
}

/** It lost its prefix in Node 22.13. */
function permissionFlag(): string {
  const isStable = spawnSync(agentNode, ['--permission', '--version']).status === 0
  return isStable ? '--permission' : '--experimental-permission'
}

/** A debugger may not be there, or not be allowed to look at other processes. */
function canTrace(): boolean {
  return spawnSync(TRACER, ['-e', 'trace=openat', 'true']).status === 0
}

/** A folder with a `node` that writes what it opens to `trace` beside it. */
function tracingNode(cleanup: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), 'trace-'))
  cleanup.onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(folder, { recursive: true })
  const trace = `${TRACER} -f -qq -s 4096 -e trace=open,openat,execve -o ${folder}/trace`
  writeFileSync(join(folder, 'node'), `#!/bin/sh\nexec ${trace} ${agentNode} "$@"\n`, { mode: 0o755 })
  return folder
}

/** Of lines such as `12 openat(AT_FDCWD, "/proc/stat", O_RDONLY) = 3`; a call that failed opened nothing. */
function openedFiles(trace: string): string[] {
  return [...trace.matchAll(/\b(?:open|openat|execve)\([^"\n]*"([^"\n]+)".*= \d+$/gm)].map(
    ([, path = '']) => path,
  )
}
