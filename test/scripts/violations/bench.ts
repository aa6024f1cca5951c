/** The commands as an operator types them, with files of a folder of their own and, where asked for, the stand-in. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { openDetectMitigations } from '../../../scripts/aws/detect-mitigations.ts'
import { callerIdentity } from '../../../scripts/aws/sts.ts'
import { compareCommand } from '../../../scripts/commands/compare.ts'
import { violationsCommand } from '../../../scripts/commands/violations.ts'
import type { ViolationsIo } from '../../../scripts/violations/io.ts'
import { openDetect } from '../../../scripts/violations/sources/detect.ts'
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import type { Clock } from '../../../src/schedule/clock.ts'
import { CREDENTIALS, useCredentials } from '../../aws/credentials.ts'
import { type Aws, startAws } from '../../aws/server.ts'
import { type Run, recordOutput } from '../../helpers/recorded-output.ts'

export const NOW = Date.UTC(2026, 10, 24, 12)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** Stands at `NOW`; who sleeps is woken at once, and how long it would have been is kept. */
export class SkippingClock implements Clock {
  readonly slept: number[] = []
  #passedMs = 0

  wallMs = () => NOW
  monotonicMs = () => this.#passedMs
  sleep = async (ms: number) => {
    this.slept.push(ms)
    this.#passedMs += ms
  }
}

export interface Bench {
  readonly folder: string
  readonly clock: SkippingClock
  path(name: string): string
  file(name: string, content: string | object): string
  read(name: string): string
  violations(words: readonly string[], io?: Partial<ViolationsIo>): Promise<Run>
  compare(words: readonly string[], io?: Partial<ViolationsIo>): Promise<Run>
  close(): Promise<void>
}

export interface AwsBench extends Bench {
  readonly aws: Aws
}

export function openBench(aws?: Aws): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'defender-violations-'))
  const clock = new SkippingClock()

  async function run(
    create: (io: ViolationsIo) => Command,
    words: readonly string[],
    io: Partial<ViolationsIo>,
  ): Promise<Run> {
    const recorded = recordOutput()
    const command = create({
      ...recorded.io,
      clock,
      openDetect: (options) => openDetect({ random: () => 0, ...options }),
      openMitigations: openDetectMitigations,
      callerIdentity,
      findHistory: async () => {
        throw new Error('nothing is at the usual places')
      },
      ...io,
    })
    const quiet = (each: Command) => {
      each.exitOverride().configureOutput({ writeErr: recorded.writeErr })
      for (const child of each.commands) quiet(child)
    }
    quiet(command)
    const endpoint = aws === undefined ? [] : ['--endpoint-url', aws.endpoint]
    await command.parseAsync([...words, ...endpoint], { from: 'user' })
    return recorded.seen
  }

  const pathOf = (name: string) => join(folder, name)
  return {
    folder,
    clock,
    path: pathOf,
    file: (name, content) => {
      mkdirSync(dirname(pathOf(name)), { recursive: true })
      writeFileSync(pathOf(name), typeof content === 'string' ? content : JSON.stringify(content))
      return pathOf(name)
    },
    read: (name) => readFileSync(pathOf(name), 'utf8'),
    violations: (words, io = {}) => run(violationsCommand, words, io),
    compare: (words, io = {}) => run(compareCommand, words, io),
    close: async () => {
      await aws?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function openAwsBench(thingGroups: readonly string[] = []): Promise<AwsBench> {
  const aws = await startAws({ nowMs: () => NOW, thingGroups })
  const bench = openBench(aws)
  // Our own patience is what is tried here.
  useCredentials(bench.folder, { ...CREDENTIALS, AWS_MAX_ATTEMPTS: '1' })
  return { ...bench, aws }
}

export const telnet = {
  name: 'tcp-ports',
  metric: 'aws:listening-tcp-ports',
  criteria: { comparisonOperator: 'in-port-set', value: { ports: [22, 8883] } },
} as const

export const bytesOut = {
  name: 'bytes-out',
  metric: 'aws:all-bytes-out',
  criteria: { comparisonOperator: 'less-than', value: { count: 1_000_000 }, durationSeconds: 300 },
} as const

export const idOf = (number: number): string => number.toString(16).padStart(8, '0').repeat(4)

/** An alarm of the port 23, as the agent tells of it. */
export const event = (number: number, given: Partial<ViolationEvent> = {}): ViolationEvent => ({
  violationEventTime: NOW - 2 * HOUR,
  thingName: 'gateway-1',
  behavior: telnet,
  violationEventType: 'in-alarm',
  metricValue: { ports: [23] },
  violationId: idOf(number),
  securityProfileName: 'gateways',
  evidence: {
    kind: 'list',
    early: true,
    observed: [22, 23, 8883],
    observedTotal: 3,
    offendersTotal: 1,
    firstSeen: [{ element: 23, at: NOW - 2 * HOUR }],
    processes: [{ element: 23, pid: 812, executable: '/usr/sbin/telnetd' }],
  },
  ...given,
})

export const cleared = (alarm: ViolationEvent, after: number): ViolationEvent => ({
  ...alarm,
  violationEventTime: alarm.violationEventTime + after,
  violationEventType: 'alarm-cleared',
  metricValue: { ports: [] },
})

export const jsonLines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('')
