/** Days of a quiet gateway, and attacks on it, without chance: the same call gives the same days. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Datapoint } from '../../../src/metrics/datapoint.ts'
import { openHistory } from '../../../src/store/history.ts'

export const REPORTS_A_DAY = 288
export const INTERVAL_MS = 300_000
export const FIRST_DAY_AT = Date.UTC(2026, 9, 1)

export interface Report {
  readonly at: number
  readonly datapoints: readonly Datapoint[]
}

/** Park and Miller's generator: enough for traffic that is never twice the same. */
function random(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

export interface Attack {
  /** Report of the day, from 0. */
  readonly report: number
  readonly change: (datapoints: readonly Datapoint[]) => Datapoint[]
}

/** More traffic by day than by night, a backup at two o'clock, and addresses of the provider's that change. */
export function quietDay(day: number, attacks: readonly Attack[] = []): Report[] {
  const next = random(day + 1)
  return Array.from({ length: REPORTS_A_DAY }, (_, report) => {
    const at = FIRST_DAY_AT + (day * REPORTS_A_DAY + report + 1) * INTERVAL_MS
    const busy = report > 96 && report < 240 ? 3 : 1
    const backup = report >= 24 && report < 30 ? 8_000_000 : 0
    const bytesOut = Math.floor(busy * (200_000 + 100_000 * next())) + backup
    const connections = 4 + Math.floor(next() * busy * 2)
    const count = (metric: string, value: number): Datapoint => ({
      metric,
      value: { count: Math.floor(value) },
    })
    const datapoints: Datapoint[] = [
      count('aws:all-bytes-out', bytesOut),
      count('aws:all-packets-out', bytesOut / 700),
      count('aws:all-bytes-in', bytesOut / 3),
      count('aws:num-established-tcp-connections', connections),
      count('aws:num-listening-tcp-ports', report % 50 === 0 ? 4 : 3),
      {
        metric: 'aws:listening-tcp-ports',
        value: { ports: report % 50 === 0 ? [22, 443, 8080, 8883] : [22, 443, 8883] },
      },
      { metric: 'aws:listening-udp-ports', value: { ports: [68, 123, 5353] } },
      {
        metric: 'aws:destination-ip-addresses',
        value: {
          cidrs: ['127.0.0.1', '192.168.1.10', `52.94.${Math.floor(next() * 256)}.7`, '2600:1f18:4321::7'],
        },
      },
    ]
    const attack = attacks.find((each) => each.report === report)
    return { at, datapoints: attack === undefined ? datapoints : attack.change(datapoints) }
  })
}

const changed =
  (metric: string, change: (value: Datapoint['value']) => Datapoint['value']) =>
  (datapoints: readonly Datapoint[]): Datapoint[] =>
    datapoints.map((each) => (each.metric === metric ? { metric, value: change(each.value) } : each))

/** What `defender attack` does, each in a report of its own. */
export const attacks: Readonly<Record<string, Attack>> = {
  'a backdoor listens on TCP': {
    report: 40,
    change: changed('aws:listening-tcp-ports', () => ({ ports: [22, 443, 8883, 4444] })),
  },
  'an unknown service listens on UDP': {
    report: 60,
    change: changed('aws:listening-udp-ports', () => ({ ports: [68, 123, 5353, 6969] })),
  },
  'a beacon calls a loopback address of its own': {
    report: 80,
    change: changed('aws:destination-ip-addresses', () => ({ cidrs: ['127.0.0.1', '127.66.6.6'] })),
  },
  'six hundred megabytes leave': {
    report: 120,
    change: changed('aws:all-bytes-out', () => ({ count: 600_000_000 })),
  },
  'a flood of connections': {
    report: 200,
    change: changed('aws:num-established-tcp-connections', () => ({ count: 270 })),
  },
}

/** As the component stores it; `folder` becomes its folder `history`. */
export async function writeHistory(folder: string, reports: readonly Report[]): Promise<void> {
  const history = await openHistory(folder, { datapointDays: 400 })
  for (const { at, datapoints } of reports) await history.appendDatapoints(at, datapoints)
  await history.close()
}

/** As `defender history --output json` prints it. */
export const historyLines = (reports: readonly Report[]): string =>
  reports
    .flatMap(({ at, datapoints }) =>
      datapoints.map(
        ({ metric, value }) => `${JSON.stringify({ at, time: new Date(at).toISOString(), metric, value })}\n`,
      ),
    )
    .join('')

export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
