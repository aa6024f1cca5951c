/**
 * Throughput of the detect engine: evaluations a CPU second, where one evaluation is one datapoint judged against one
 * behavior. One core; a hundred behaviors with a thousand value elements on all device-side metrics, as much as AWS lets
 * a profile hold, a fifth of them statistical. Pure computation, so runs differ only by the machine's noise: the median
 * of several is given with the spread.
 */
import { compileProfile } from '../../src/detect/compile.ts'
import { countElements } from '../../src/detect/criteria-reader.ts'
import { createEngine, type Engine } from '../../src/detect/engine.ts'
import { type BehaviorCriteria, parseSecurityProfile } from '../../src/detect/security-profile.ts'
import { violationIds } from '../../src/detect/violation-id.ts'
import type { Datapoint } from '../../src/metrics/datapoint.ts'
import { type Figure, figure, type Group, type GroupResult } from './figure.ts'
import { exactly, type Summary, summarize } from './statistics.ts'

const RUNS = 7
const INTERVAL_MS = 300_000
const FOURTEEN_DAYS = 14 * 288

export const detect: Group = {
  name: 'detect',
  title: 'Edge Detect, thousands of evaluations a second of CPU time',
  run,
}

function run(): GroupResult {
  const profile = fullProfile()
  const parsed = parseSecurityProfile(profile)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  const engine = createEngine([compileProfile(parsed.profile)], {
    thingName: 'bench',
    newViolationId: violationIds('bench'),
  })
  const behaviors = profile.behaviors.length
  const elements = profile.behaviors.reduce(
    (sum, { criteria }) => sum + countElements((criteria as BehaviorCriteria).value),
    0,
  )
  const { state } = playIntervals(engine, FOURTEEN_DAYS)
  const samples = rates(() => behaviors * playSamples(engine, 1_000))
  const intervals = rates(() => behaviors * playIntervals(engine, FOURTEEN_DAYS).intervals)
  return {
    figures: [
      // As the agent takes them each 15 s, most of them showing what the last one did.
      figure('local samples', 'k/s', samples),
      // As in a backtest: accumulated, judged, remembered, learnt from.
      figure('whole intervals', 'k/s', intervals),
      jsonBytes('state after 14 days, as JSON', state),
      jsonBytes('of it learned, for percentiles', state.learned),
    ],
    notes: [`${behaviors} behaviors with ${elements} value elements, a fifth of them statistical`],
  }
}

const jsonBytes = (name: string, value: unknown): Figure =>
  figure(name, 'B', exactly(JSON.stringify(value).length))

/** `work` says how many evaluations it made; thousands of them a second. */
function rates(work: () => number): Summary {
  const found = Array.from({ length: RUNS }, () => {
    // CPU time, all threads of the process: other work on the machine must not count.
    const begin = process.cpuUsage()
    const evaluations = work()
    const { user, system } = process.cpuUsage(begin)
    return (evaluations * 1e3) / (user + system)
  })
  return summarize(found)
}

function playSamples(engine: Engine, intervals: number): number {
  let { state } = engine.resume(undefined, 0, INTERVAL_MS)
  for (let index = 0; index < intervals; index++) {
    for (let sample = 1; sample <= 20; sample++) {
      state = engine.sample(state, datapoints(index, 20), index * INTERVAL_MS + sample * 15_000).state
    }
    state = engine.closeInterval(state, (index + 1) * INTERVAL_MS, (index + 2) * INTERVAL_MS).state
  }
  return intervals * 20
}

function playIntervals(engine: Engine, intervals: number) {
  let { state } = engine.resume(undefined, 0, INTERVAL_MS)
  for (let index = 0; index < intervals; index++) {
    const at = (index + 1) * INTERVAL_MS
    state = engine.evaluate(state, datapoints(index, 1), at, at + INTERVAL_MS).state
  }
  return { state, intervals }
}

const numeric = [
  'aws:all-bytes-out',
  'aws:all-bytes-in',
  'aws:all-packets-out',
  'aws:all-packets-in',
  'aws:num-listening-tcp-ports',
  'aws:num-listening-udp-ports',
  'aws:num-established-tcp-connections',
] as const
const durations = [300, 600, 900, 1800, 3600]

/** Seventy behaviors on numbers, ten on each metric and two of these statistical; thirty on lists of 31 elements. */
function fullProfile() {
  const numbers = numeric.flatMap((metric) =>
    Array.from({ length: 10 }, (_, index) => ({
      name: `${metric.slice(4)}-${index}`,
      metric,
      criteria: {
        comparisonOperator: index % 3 === 2 ? 'greater-than-equals' : 'less-than-equals',
        durationSeconds: durations[index % durations.length],
        consecutiveDatapointsToAlarm: 1 + (index % 3),
        ...(index >= 8
          ? { statisticalThreshold: { statistic: index === 8 ? 'p99.99' : 'p1' } }
          : { value: { count: index % 3 === 2 ? 0 : 10_000_000 } }),
      },
    })),
  )
  const lists = Array.from({ length: 30 }, (_, index) => {
    const name = `list-${index}`
    if (index % 3 === 2) {
      const cidrs = Array.from({ length: 31 }, (_each, net) =>
        net % 4 === 3 ? `2001:db8:${net}::/48` : `10.${index}.${net}.0/24`,
      )
      return {
        name,
        metric: 'aws:destination-ip-addresses',
        criteria: { comparisonOperator: 'not-in-cidr-set', value: { cidrs } },
      }
    }
    const ports = Array.from({ length: index === 0 ? 45 : 31 }, (_each, port) => 20_000 + index * 100 + port)
    const metric = index % 3 === 0 ? 'aws:listening-tcp-ports' : 'aws:listening-udp-ports'
    return { name, metric, criteria: { comparisonOperator: 'not-in-port-set', value: { ports } } }
  })
  return { securityProfileName: 'full', behaviors: [...numbers, ...lists] }
}

const tcpPorts = [22, 80, 443, 1883, 8883]
const udpPorts = [53, 68, 123, 5353]
const hosts = ['52.94.1.1', '52.94.1.2', '192.168.1.1', '2600:1f18::1', '192.168.1.20']

/** A device with a daily rhythm; each metric in each sample. New arrays each time, as a reader of /proc makes them. */
function datapoints(index: number, samples: number): Datapoint[] {
  const load = 1_000 + ((index * 7_919) % 501) + Math.round(400 * Math.sin(index / 46))
  const numbers = numeric.map((metric): Datapoint => {
    const count = metric.startsWith('aws:all-') ? Math.round((load * 100) / samples) : 3 + (load % 9)
    return { metric, value: { count } }
  })
  return [
    ...numbers,
    { metric: 'aws:listening-tcp-ports', value: { ports: [...tcpPorts] } },
    { metric: 'aws:listening-udp-ports', value: { ports: [...udpPorts] } },
    { metric: 'aws:destination-ip-addresses', value: { cidrs: [...hosts] } },
  ]
}
