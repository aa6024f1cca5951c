import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { CollectionProcess } from './collection-process.ts'
import type { Group } from './figure.ts'
import { generateTree } from './generated-tree.ts'
import { plainStart } from './node-start.ts'
import type { RunResult } from './results.ts'
import { runBench } from './run.ts'
import { exactly } from './statistics.ts'

const works: Group = {
  name: 'works',
  title: 'Works',
  run: () => ({ figures: [{ name: 'answer', unit: 'ms', summary: exactly(42) }], notes: ['of course'] }),
}
const fails: Group = { name: 'fails', title: 'Fails', run: () => Promise.reject(new Error('no such luck')) }

let folder: string
let output: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  output = ''
  const take = (text: unknown) => {
    output += text
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(take)
  vi.spyOn(process.stderr, 'write').mockImplementation(take)
  onTestFinished(() => void vi.restoreAllMocks())
})

const run = (only: readonly Group[]) => {
  const json = join(folder, 'bench.json')
  const options = { only, rest: 12, awsLines: 0, json, save: false }
  return runBench(process.cwd(), options).then((status) => ({
    status,
    result: JSON.parse(readFileSync(json, 'utf8')) as RunResult,
  }))
}

test('a group that fails costs its own figures and the exit status', async () => {
  const { status, result } = await run([fails, works])
  expect(status).toBe(1)
  expect(result.groups.fails).toMatchObject({ figures: [], error: 'no such luck' })
  expect(result.groups.works?.figures).toEqual([{ name: 'answer', unit: 'ms', summary: exactly(42) }])
  expect(output).toContain('failed: no such luck')
  expect(output).toMatch(/answer +42 ms/)
  expect(output).toContain('of course')
})

test('a run in which all could be measured', async () => {
  const { status, result } = await run([works])
  expect(status).toBe(0)
  expect(result.machine.node).toBe(process.version)
  expect(output).toContain('load average')
})

test('a checkout that was not built', async () => {
  const options = { only: [works], rest: 12, awsLines: 0, json: join(folder, 'bench.json'), save: false }
  await expect(runBench(folder, options)).rejects.toThrow('there is no dist/artifact')
})

test('collecting is measured in processes of its own', async () => {
  const tree = generateTree(folder, 100) ?? expect.fail('no room')
  const processes = await CollectionProcess.build(process.cwd(), folder)
  const firsts = await processes.firsts(plainStart, tree)
  expect(firsts).toHaveLength(5)
  for (const { cpuMs, wallMs } of firsts) expect(Math.min(cpuMs, wallMs)).toBeGreaterThan(0)
  const { floor, report } = await processes.warm(plainStart, tree, 1)
  expect(report.cpuMs.median).toBeGreaterThan(floor.cpuMs.median)
})
