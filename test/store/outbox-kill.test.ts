/**
 * The outbox on this machine's disk, in a process that is really killed, again and again.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openOutbox } from '../../src/store/outbox.ts'
import { drain } from '../helpers/store-outbox.ts'

/** Two outboxes at a time: most of a life is the start of the process. */
const LANES = 2
const KILLS_PER_LANE = 16
/** A life is counted in lines said, so that a busy machine gets as far as an idle one. */
const LINES_MAX = 60
/** Then the kill comes at an instant that has nothing to do with a line. */
const DELAY_MS_MAX = 4

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'defender-outbox-'))
  await build({
    entryPoints: [new URL('../helpers/store-outbox-child.ts', import.meta.url).pathname],
    outfile: join(directory, 'child.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** What the process said until it was killed, `[what, number]` each. */
async function killedRun(outboxDirectory: string, from: number): Promise<[string, number][]> {
  const child = spawn(process.execPath, [join(directory, 'child.mjs'), outboxDirectory, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  let lines = 2 + Math.floor(Math.random() * LINES_MAX)
  const ended = new Promise((resolve) => child.on('close', resolve))
  child.stdout.on('data', (chunk: Buffer) => {
    const text = chunk.toString()
    said += text
    if (lines <= 0) return
    lines -= text.split('\n').length - 1
    if (lines <= 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * DELAY_MS_MAX)
  })
  await ended
  expect(child.signalCode).toBe('SIGKILL')
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])])
}

async function expectNothingLostOrRepeated(outboxDirectory: string): Promise<void> {
  const appended: number[] = []
  const begun = new Set<number>()
  const handed: number[] = []
  const unsure = new Set<number>()
  let next = 0
  for (let kill = 0; kill < KILLS_PER_LANE; kill += 1) {
    let undone: number | undefined
    for (const [what, number] of await killedRun(outboxDirectory, next)) {
      if (what === 'begin') begun.add(number)
      if (what === 'appended') appended.push(number)
      if (what === 'handed') handed.push(number)
      undone = what === 'handed' ? number : what === 'done' ? undefined : undone
    }
    next = Math.max(...begun) + 1
    // Killed between handing over and acknowledging: it may come once more, or the acknowledgement was in the file.
    if (undone === undefined) continue
    handed.pop()
    unsure.add(undone)
  }

  const outbox = await openOutbox(outboxDirectory, { now: Date.now, bytesMax: 64 * 1024 })
  expect(outbox.health()).toEqual({ kind: 'durable' })
  expect(outbox.counters()).toMatchObject({ filesSetAside: 0, dropped: { damage: 0 } })
  handed.push(...(await drain(outbox)).map((text) => Number.parseInt(text, 10)))
  await outbox.close()

  expect(appended.length).toBeGreaterThan(KILLS_PER_LANE)
  expect(handed).toEqual([...new Set(handed)].sort((a, b) => a - b))
  const got = new Set(handed)
  expect(appended.filter((number) => !got.has(number) && !unsure.has(number))).toEqual([])
  expect(handed.filter((number) => !begun.has(number))).toEqual([])
  expect((await readdir(outboxDirectory)).filter((name) => name.includes('set-aside'))).toEqual([])
}

it(`loses and repeats nothing over ${LANES * KILLS_PER_LANE} kills`, async () => {
  const lanes = Array.from({ length: LANES }, (_, lane) => join(directory, `outbox-${lane}`))
  await Promise.all(lanes.map(expectNothingLostOrRepeated))
}, 60_000)
