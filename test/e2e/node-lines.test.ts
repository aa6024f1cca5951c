/**
 * The agent under the later lines of Node: what it takes from Node is still there, and it starts, reports, survives a lost
 * connection and stops. `npm run e2e` runs all end-to-end tests under them.
 */
import { dirname } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { startAgent } from '../helpers/agent.ts'
import { slowness } from '../helpers/artifact.ts'
import { residentBytes } from '../helpers/fault-bench.ts'
import { type NodeLine, obtainNodeLine } from '../helpers/node-lines.ts'

/** The download is 45 MB. */
vi.setConfig({ testTimeout: 40_000 * slowness, hookTimeout: 90_000 })

const modes = [
  { mode: 'classic', format: 'json' },
  { mode: 'lite', format: 'cbor' },
] as const

/** As `zlib` was before Node 20.15 and 22.2. */
const withoutCrc32 =
  "import zlib from 'node:zlib';import{syncBuiltinESMExports}from'node:module';delete zlib.crc32;syncBuiltinESMExports()"

/** 32-bit ARM boards may have such a Node; that its checksums are the same is what the reports and the state show. */
test.concurrent.for(modes)(
  'a Node without zlib.crc32, on $mode: reports, and state that is kept',
  async ({ mode, format }, context) => {
    const agent = await startAgent(context, {
      mode,
      environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(withoutCrc32)}` },
      configuration: { ReportFormat: format },
    })
    const { reportId: first = 0 } = await agent.nextReport()
    await agent.core.stopComponent()
    await agent.core.startComponent()
    const { status, reportId = 0 } = await agent.nextReport()
    expect(status).toBe('ACCEPTED')
    expect(reportId).toBeGreaterThan(first)
    expect(agent.log.filter(({ level }) => level === 'error')).toEqual([])
  },
)

describe.each(['22', '24'])('Node %s', (name) => {
  let line: NodeLine | undefined
  let missing = ''
  beforeAll(async () => {
    try {
      line = await obtainNodeLine(name)
    } catch (error) {
      missing = error instanceof Error ? error.message : String(error)
    }
  })

  test.concurrent.for(modes)('on $mode, with $format', async ({ mode, format }, context) => {
    if (line === undefined) return context.skip(missing)
    const agent = await startAgent(context, {
      mode,
      environment: { PATH: `${dirname(line.command)}:${process.env.PATH}` },
      configuration: { ReportFormat: format },
    })
    const { reportId: first = 0 } = await agent.nextReport()
    agent.core.faults.disconnect()
    await agent.logWhere('the loss', ({ level, message }) => level === 'warn' && /connection/.test(message))
    const count = agent.reports.length
    const { status, reportId = 0 } = await agent.until('a report after it', () => agent.reports[count])
    expect(status).toBe('ACCEPTED')
    expect(reportId).toBeGreaterThan(first)
    const megabytes = (await residentBytes(agent.core.componentPid ?? 0)) / 1e6
    await context.annotate(
      `Node ${line.version}: ${megabytes.toFixed(0)} MB resident after the first reports`,
    )
    await agent.core.stopComponent()
    expect(agent.log.filter(({ message }) => message === 'stopping')).toHaveLength(1)
    expect(agent.log.filter(({ level }) => level === 'error')).toEqual([])
  })
})
