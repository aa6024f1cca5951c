/**
 * The gates between rings: pure judgements on what was counted. A gate is passed, failed, or says that nothing was
 * observed; that last one is always told, and fails where the operator asks for it.
 */
import { formatDuration } from '../render/numbers.ts'
import type { DeviceObservations } from './observations.ts'

export type GateName = 'deployment' | 'health' | 'component' | 'reports' | 'violations'

export interface Verdict {
  readonly gate: GateName
  readonly kind: 'passed' | 'failed' | 'not-observed'
  readonly text: string
}

export interface GateBounds {
  /** Share of the devices on which the deployment must succeed, and the component run. */
  readonly minSuccess: number
  /** Share of the core devices that must be HEALTHY. */
  readonly minHealthy: number
  /** Age of the last accepted report, by the device's own clock. */
  readonly maxReportAgeMs: number
  /** Times the ring's own past that violations may rise to. */
  readonly violationsFactor: number
  /** How far back that past goes. */
  readonly pastMs: number
}

/** Fewer alarms in the whole ring than this prove nothing, whatever the past was. */
const VIOLATIONS_MIN = 5
/** Of each device, where nothing is known of the past: a new profile may find one thing everywhere. */
const VIOLATIONS_WITHOUT_PAST = 1

export function deploymentVerdict(
  counts: { readonly devices: number; readonly succeeded: number; readonly failed: number },
  { minSuccess }: GateBounds,
): Verdict {
  const { devices, succeeded, failed } = counts
  const open = devices - succeeded - failed
  const text = `${succeeded} of ${devices} took the deployment${failed > 0 ? `, ${failed} failed` : ''}${open > 0 ? `, ${open} have not answered` : ''}`
  return share('deployment', succeeded, devices, minSuccess, text)
}

export function healthVerdict(healthy: number, devices: number, { minHealthy }: GateBounds): Verdict {
  return share('health', healthy, devices, minHealthy, `${healthy} of ${devices} core devices are HEALTHY`)
}

/** @param asked devices of a sample */
export function componentVerdict(
  running: number,
  asked: number,
  version: string,
  { minSuccess }: GateBounds,
): Verdict {
  return share(
    'component',
    running,
    asked,
    minSuccess,
    `the component is RUNNING in version ${version} on ${running} of ${asked} devices asked`,
  )
}

function share(gate: GateName, good: number, all: number, min: number, text: string): Verdict {
  if (all === 0) return { gate, kind: 'not-observed', text: 'there are no core devices' }
  if (good / all >= min) return { gate, kind: 'passed', text }
  return { gate, kind: 'failed', text: `${text}; at least ${percent(min)} must` }
}

/** `95 %`. */
export const percent = (part: number) => `${Math.round(part * 1000) / 10} %`

export interface Observed {
  readonly devices: readonly (DeviceObservations | undefined)[]
  /** Since when the new revision was in force. */
  readonly since: number
  readonly now: number
  /** Between two health messages of an agent; 0 if it sends none. */
  readonly healthIntervalMs: number
}

/** A message may take its time on the way, and the agents do not start at one moment. */
const MESSAGE_DELAY_MS = 120_000

/** Whether Device Defender still accepts the reports. */
export function reportsVerdict(observed: Observed, { minSuccess, maxReportAgeMs }: GateBounds): Verdict {
  const { devices, since, now, healthIntervalMs } = observed
  const gate = 'reports'
  const heard = devices.flatMap((each) =>
    each?.health !== undefined && each.health.at > since ? [each.health] : [],
  )
  // An agent that has only just started has had no time yet.
  const judged = heard.filter(
    ({ lastAcceptedAt, uptimeSeconds }) =>
      lastAcceptedAt !== undefined || uptimeSeconds * 1000 > maxReportAgeMs,
  )
  const isDue = healthIntervalMs > 0 && now - since > healthIntervalMs + MESSAGE_DELAY_MS
  if (!isDue && judged.length === 0) {
    const why =
      healthIntervalMs === 0
        ? 'HealthIntervalSeconds is 0: agents send no health messages'
        : `health messages come every ${formatDuration(healthIntervalMs / 1000)}, and no more than ${formatDuration((now - since) / 1000)} have passed`
    return { gate, kind: 'not-observed', text: why }
  }
  const fresh = judged.filter(
    ({ at, lastAcceptedAt }) => lastAcceptedAt !== undefined && at - lastAcceptedAt <= maxReportAgeMs,
  )
  // Once its message is due, an agent that says nothing is one whose reports are not accepted.
  const all = isDue ? devices.length : judged.length
  return share(
    gate,
    fresh.length,
    all,
    minSuccess,
    `${fresh.length} of ${all} devices had a report accepted in the ${formatDuration(maxReportAgeMs / 1000)} before their last health message`,
  )
}

/** Alarms per device and time, against the same devices' own past. */
export function violationsVerdict(observed: Observed, bounds: GateBounds): Verdict {
  const { devices, since, now } = observed
  const gate = 'violations'
  const { violationsFactor, pastMs } = bounds
  const from = since - pastMs
  let [past, pastTimeMs, present, heard] = [0, 0, 0, 0]
  for (const device of devices) {
    if (device === undefined) continue
    const begin = Math.max(device.firstAt, from)
    if (begin < since) pastTimeMs += since - begin
    past += device.violationsAt.filter((at) => at >= from && at < since).length
    present += device.violationsAt.filter((at) => at >= since && at <= now).length
    if (device.lastAt >= since) heard += 1
  }
  const presentTimeMs = devices.length * (now - since)
  const expected = pastTimeMs === 0 ? 0 : (past / pastTimeMs) * presentTimeMs
  const most = Math.max(VIOLATIONS_MIN, expected * violationsFactor)
  const text = `${present} violations in ${formatDuration((now - since) / 1000)} on ${devices.length} devices, by their past ${rounded(expected)} would be usual`
  if (pastTimeMs === 0) {
    const bound = Math.max(VIOLATIONS_MIN, VIOLATIONS_WITHOUT_PAST * devices.length)
    const alone = `${present} violations, and nothing from before to compare with`
    return present > bound
      ? { gate, kind: 'failed', text: `${alone}; without that at most ${bound} may be` }
      : { gate, kind: 'not-observed', text: alone }
  }
  if (present > most) {
    return {
      gate,
      kind: 'failed',
      text: `${text}; at most ${rounded(most)} may be (${violationsFactor} times)`,
    }
  }
  if (heard === 0) {
    return {
      gate,
      kind: 'not-observed',
      text: 'none of these devices has been heard of since the deployment',
    }
  }
  return { gate, kind: 'passed', text }
}

const rounded = (value: number) => (value >= 10 ? Math.round(value) : Math.round(value * 10) / 10)

export const hasFailed = (verdicts: readonly Verdict[]): boolean =>
  verdicts.some(({ kind }) => kind === 'failed')
