/**
 * What the agents of a simulated fleet publish of themselves: health and violations, in the agent's own shapes. Computed
 * when asked for, from the runs of a device's agent; a report is due at the start of each interval.
 */
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import type { Health } from '../../../src/report/health.ts'
import { type AgentRun, LITE, type SimulatedDevice } from './device.ts'
import { spreadFor } from './spread.ts'

const DAY_MS = 86_400_000

/** The agent's latest health message; undefined where no agent has said anything yet. */
export function healthOf(device: SimulatedDevice, intervalMs: number, nowMs: number): Health | undefined {
  const run = device.runs.at(-1)
  if (run === undefined) return undefined
  const aliveMs = Math.min(nowMs, run.endedMs ?? nowMs)
  const reports = Math.floor((aliveMs - run.sinceMs) / intervalMs)
  // One message at the start, then one with each report.
  const at = run.sinceMs + reports * intervalMs
  const accepted = run.isAccepted ? reports : 0
  return {
    healthVersion: 1,
    stateIntervalSeconds: 300,
    agentVersion: run.version,
    thingName: device.thingName,
    at,
    nucleus: device.kind === LITE ? 'lite' : 'classic',
    isConnected: device.isOnline,
    uptimeSeconds: Math.round((at - run.sinceMs) / 1000),
    starts: device.runs.length,
    residentBytes: 52_000_000 + device.index,
    reports: {
      handedOver: reports,
      accepted,
      rejected: 0,
      ...(accepted === 0 ? {} : { lastAcceptedAt: at }),
      ...(reports === 0 ? {} : { lastHandedOverAt: at }),
      isUnanswered: !run.isAccepted && reports >= SILENT_REPORTS_MAX,
    },
    outbox: { entries: 0, bytes: 0, dropped: {}, state: 'durable' },
    parts: [],
    behaviors: [],
  }
}

/** As the agent counts them. */
const SILENT_REPORTS_MAX = 3

/** Violations raised from an instant on until now, the oldest first. */
export function violationsOf(device: SimulatedDevice, sinceMs: number, nowMs: number): ViolationEvent[] {
  return device.runs.flatMap((run) =>
    instantsOf(device, run, sinceMs, nowMs).map((at, index) => violation(device, run, at, index)),
  )
}

/** Evenly spaced for each run, a device's own share of the spacing after its start. */
function instantsOf(device: SimulatedDevice, run: AgentRun, sinceMs: number, nowMs: number): number[] {
  if (run.violationsPerDay <= 0) return []
  const spacingMs = DAY_MS / run.violationsPerDay
  const firstMs = run.sinceMs + offset(device.index) * spacingMs
  const endMs = Math.min(nowMs, run.endedMs ?? nowMs)
  const from = Math.max(0, Math.ceil((sinceMs - firstMs) / spacingMs))
  const count = Math.max(0, Math.floor((endMs - firstMs) / spacingMs) + 1 - from)
  return Array.from({ length: count }, (_, index) => Math.round(firstMs + (from + index) * spacingMs))
}

const offset = spreadFor(0, 'fate of violations')

function violation(device: SimulatedDevice, run: AgentRun, at: number, index: number): ViolationEvent {
  return {
    violationEventTime: at,
    thingName: device.thingName,
    behavior: {
      name: 'TcpConnectionCount',
      metric: 'aws:num-established-tcp-connections',
      criteria: {
        comparisonOperator: 'less-than-equals',
        value: { count: 20 },
        consecutiveDatapointsToAlarm: 1,
        consecutiveDatapointsToClear: 1,
      },
    },
    violationEventType: 'in-alarm',
    metricValue: { count: 40 },
    violationId:
      `${run.sinceMs.toString(16)}${device.index.toString(16)}x${index.toString(16)}${at.toString(16)}`
        .replaceAll('x', '')
        .padStart(32, '0')
        .slice(-32),
    securityProfileName: 'baseline',
    evidence: {
      kind: 'window',
      early: false,
      value: 40,
      threshold: 20,
      coveredSeconds: 300,
      intervals: [{ endedAt: at, value: 40 }],
      intervalsTotal: 1,
    },
  }
}
