import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { AgentRun } from './agent-run.ts'
import type { BenchContext } from './figure.ts'
import { plainStart } from './node-start.ts'

const BUILT = 'dist/artifact/greengrass-defender'

function contextWith(fill: (artifact: string) => void): BenchContext {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-'))
  onTestFinished(() => rmSync(scratch, { recursive: true }))
  const artifact = join(scratch, 'artifact')
  mkdirSync(join(artifact, 'greengrass-defender'), { recursive: true })
  fill(join(artifact, 'greengrass-defender'))
  const starts = { recipe: plainStart, plain: plainStart }
  return { root: process.cwd(), scratch, artifact, starts, restSeconds: 12, awsLinesMax: 0 }
}

test('the real agent connects, runs and reports, in this order', async () => {
  const context = contextWith((folder) => cpSync(BUILT, folder, { recursive: true }))
  const agent = await AgentRun.begin(context, {
    start: plainStart,
    configuration: { SampleIntervalSeconds: 0.05 },
  })
  const marks = [
    await agent.connectedMs,
    await agent.runningMs,
    await agent.firstReportMs,
    await agent.reports(3),
  ]
  expect(marks).toEqual(marks.toSorted((a, b) => a - b))
  expect(marks[0]).toBeGreaterThan(0)
  expect(agent.reportCount).toBeGreaterThanOrEqual(3)
  await agent.stop()
  expect(readdirSync(context.scratch)).toEqual(['artifact'])
})

test('a program that ends at once is told, with what it wrote', async () => {
  const context = contextWith((folder) =>
    writeFileSync(join(folder, 'main.js'), 'process.stderr.write("out of luck"); process.exitCode = 3'),
  )
  const agent = await AgentRun.begin(context, { start: plainStart, configuration: {} })
  await expect(agent.firstReportMs).rejects.toThrow(/ended with 3 before the report: out of luck/)
  await expect(agent.pause(60_000)).rejects.toThrow('ended with 3')
  await agent.stop()
})
