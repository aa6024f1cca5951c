/**
 * A past for Detect: violations over 30 days on many things and, for some of these, the values of their metrics around
 * them, the same at every run. What is told fits together: violations of one behavior on one thing do not overlap, the
 * values violate while an alarm lasts and at no other time, and times are multiples of Detect's five minutes.
 */
import { createHash } from 'node:crypto'
import { type Account, arnOf, type Input, type StoredBehavior, secondsNow } from './account.ts'
import {
  addMetricValues,
  DAY_SECONDS,
  EVENTS_KEPT_SECONDS,
  METRICS_KEPT_SECONDS,
  type StoredViolationEvent,
} from './detect-data.ts'

export interface DetectPast {
  readonly things?: number
  /** Exactly so many events: alarms, and ends of alarms. */
  readonly events?: number
  /** Of the first so many things the values of all metrics are known. */
  readonly thingsWithValues?: number
  /** Other numbers, other pasts. */
  readonly seed?: number
}

/** The profile that all seeded violations are of. */
export const SEEDED_PROFILE = 'gateways'
export const seededThing = (index: number) => `gateway-${String(index + 1).padStart(4, '0')}`

const INTERVAL_SECONDS = 300
/** Device Defender troubleshooting guide: an alarm of a device that is silent for longer is invalidated. */
const INVALIDATED_AFTER_SECONDS = 2 * DAY_SECONDS

interface SeededBehavior extends StoredBehavior {
  readonly metric: string
  readonly criteria: Input
  readonly suppressAlerts?: boolean
}

const count = (comparisonOperator: string, rest: object) => ({
  comparisonOperator,
  durationSeconds: INTERVAL_SECONDS,
  consecutiveDatapointsToAlarm: 1,
  consecutiveDatapointsToClear: 1,
  ...rest,
})

/** One of each kind, with a value that conforms and one that does not, made of a number from 0 to 1. */
const kinds: readonly {
  readonly behavior: SeededBehavior
  readonly normal: (chance: number) => Input
  readonly violating: (chance: number) => Input
}[] = [
  {
    behavior: {
      name: 'bytes-out',
      metric: 'aws:all-bytes-out',
      criteria: count('less-than', { value: { count: 1_000_000 } }),
    },
    normal: (chance) => ({ count: Math.floor(chance * 900_000) }),
    violating: (chance) => ({ count: 1_000_000 + Math.floor(chance * 9_000_000) }),
  },
  {
    behavior: {
      name: 'packets-out',
      metric: 'aws:all-packets-out',
      criteria: count('less-than-equals', { statisticalThreshold: { statistic: 'p99' } }),
    },
    normal: (chance) => ({ count: Math.floor(chance * 5_000) }),
    violating: (chance) => ({ count: 6_000 + Math.floor(chance * 50_000) }),
  },
  {
    behavior: {
      name: 'tcp-ports',
      metric: 'aws:listening-tcp-ports',
      criteria: { comparisonOperator: 'in-port-set', value: { ports: [22, 8883] } },
    },
    normal: () => ({ ports: [22, 8883] }),
    violating: (chance) => ({ ports: [22, 8883, 1024 + Math.floor(chance * 60_000)] }),
  },
  {
    behavior: {
      name: 'destinations',
      metric: 'aws:destination-ip-addresses',
      criteria: { comparisonOperator: 'in-cidr-set', value: { cidrs: ['10.0.0.0/8'] } },
    },
    normal: (chance) => ({ cidrs: [`10.0.0.${1 + Math.floor(chance * 250)}/32`] }),
    violating: (chance) => ({ cidrs: ['10.0.0.1/32', `203.0.113.${1 + Math.floor(chance * 250)}/32`] }),
  },
  {
    behavior: {
      name: 'connections',
      metric: 'aws:num-established-tcp-connections',
      criteria: count('less-than', { value: { count: 20 } }),
      suppressAlerts: true,
    },
    normal: (chance) => ({ count: Math.floor(chance * 19) }),
    violating: (chance) => ({ count: 20 + Math.floor(chance * 200) }),
  },
  {
    behavior: {
      name: 'battery',
      metric: 'battery_volts',
      criteria: {
        comparisonOperator: 'greater-than',
        value: { number: 3.3 },
        consecutiveDatapointsToAlarm: 1,
        consecutiveDatapointsToClear: 1,
      },
    },
    normal: (chance) => ({ number: 3.4 + Math.floor(chance * 80) / 100 }),
    violating: (chance) => ({ number: 2 + Math.floor(chance * 120) / 100 }),
  },
  {
    behavior: {
      name: 'messages',
      metric: 'aws:num-messages-sent',
      criteria: { mlDetectionConfig: { confidenceLevel: 'HIGH' }, consecutiveDatapointsToAlarm: 1 },
    },
    normal: (chance) => ({ count: Math.floor(chance * 100) }),
    violating: (chance) => ({ count: 500 + Math.floor(chance * 500) }),
  },
]

type Kind = (typeof kinds)[number]

interface Lane {
  readonly thingName: string
  readonly kind: Kind
}

interface SeededViolation extends Lane {
  readonly startsAt: number
  /** Absent of one that lasts. */
  readonly end?: { readonly at: number; readonly type: 'alarm-cleared' | 'alarm-invalidated' }
}

export function seedDetect(account: Account, past: DetectPast = {}): void {
  const { things = 50, events = 2500, thingsWithValues = 1, seed = 1 } = past
  const chance = chances(seed)
  addProfile(account)
  const lanes = kinds.flatMap((kind) =>
    Array.from({ length: things }, (_, index) => ({ thingName: seededThing(index), kind })),
  )
  const violations = violationsIn(account, lanes, events, chance)
  account.detect.events.push(...violations.flatMap((violation) => eventsOf(violation, chance)))
  const known = new Set(Array.from({ length: thingsWithValues }, (_, index) => seededThing(index)))
  for (const lane of lanes.filter(({ thingName }) => known.has(thingName))) {
    const ofLane = violations.filter(
      ({ thingName, kind }) => thingName === lane.thingName && kind === lane.kind,
    )
    addValues(account, lane, ofLane, chance)
  }
}

function addProfile(account: Account): void {
  const now = secondsNow(account)
  const described = { createdAt: now - EVENTS_KEPT_SECONDS, changedAt: now - EVENTS_KEPT_SECONDS }
  account.customMetrics.set('battery_volts', {
    name: 'battery_volts',
    arn: arnOf(account, 'custommetric/battery_volts'),
    type: 'number',
    token: 'seed',
    ...described,
  })
  account.profiles.set(SEEDED_PROFILE, {
    name: SEEDED_PROFILE,
    arn: arnOf(account, `securityprofile/${SEEDED_PROFILE}`),
    behaviors: kinds.map(({ behavior }) => behavior),
    alertTargets: {},
    retained: [],
    version: 1,
    targets: new Set([arnOf(account, 'all/things')]),
    ...described,
  })
}

/** Each lane's time is cut into as many slots as it needs, with at most one violation in each. */
function violationsIn(
  account: Account,
  lanes: readonly Lane[],
  events: number,
  chance: () => number,
): readonly SeededViolation[] {
  // A violation has two events, except that one in ten of those in the last slots still lasts.
  const slots = Math.ceil(events / 2 / lanes.length) + 1
  const now = secondsNow(account)
  const slotSeconds = (EVENTS_KEPT_SECONDS - INTERVAL_SECONDS) / slots
  const violations: SeededViolation[] = []
  let left = events
  for (let slot = slots - 1; slot >= 0 && left > 0; slot -= 1) {
    for (const lane of lanes) {
      if (left === 0) break
      const begins = now - EVENTS_KEPT_SECONDS + INTERVAL_SECONDS + slot * slotSeconds
      const startsAt = aligned(begins + (chance() * slotSeconds) / 3)
      const isLasting = left === 1 || (slot === slots - 1 && chance() < 0.1)
      left -= isLasting ? 1 : 2
      violations.push({
        ...lane,
        startsAt,
        ...(isLasting ? {} : { end: endOf(startsAt, slotSeconds, chance) }),
      })
    }
  }
  return violations
}

function endOf(startsAt: number, slotSeconds: number, chance: () => number) {
  const isInvalidated = chance() < 0.05 && slotSeconds / 2 > INVALIDATED_AFTER_SECONDS
  if (isInvalidated) return { at: startsAt + INVALIDATED_AFTER_SECONDS, type: 'alarm-invalidated' } as const
  const intervals = 1 + Math.floor(chance() * Math.min(24, slotSeconds / 2 / INTERVAL_SECONDS - 1))
  return { at: startsAt + intervals * INTERVAL_SECONDS, type: 'alarm-cleared' } as const
}

function eventsOf(violation: SeededViolation, chance: () => number): readonly StoredViolationEvent[] {
  const { thingName, kind, startsAt, end } = violation
  const common = {
    violationId: createHash('md5').update(`${thingName} ${kind.behavior.name} ${startsAt}`).digest('hex'),
    thingName,
    securityProfileName: SEEDED_PROFILE,
    behavior: kind.behavior as unknown as Input,
    ...(kind.behavior.criteria.mlDetectionConfig === undefined ? {} : { confidenceLevel: 'HIGH' as const }),
  }
  const alarm = {
    ...common,
    metricValue: kind.violating(chance()),
    violationEventType: 'in-alarm' as const,
    violationEventTime: startsAt,
  }
  if (end === undefined) return [alarm]
  return [
    alarm,
    {
      ...common,
      // Nothing was measured when an alarm is invalidated.
      ...(end.type === 'alarm-cleared' ? { metricValue: kind.normal(chance()) } : {}),
      violationEventType: end.type,
      violationEventTime: end.at,
    },
  ]
}

function addValues(
  account: Account,
  { thingName, kind }: Lane,
  violations: readonly SeededViolation[],
  chance: () => number,
): void {
  const now = secondsNow(account)
  const ofEvents = new Map(
    account.detect.events
      .filter((event) => event.thingName === thingName && event.behavior.name === kind.behavior.name)
      .map(({ violationEventTime, metricValue }) => [violationEventTime, metricValue]),
  )
  const values = []
  const oldest = aligned(now - METRICS_KEPT_SECONDS) + INTERVAL_SECONDS
  for (let timestamp = oldest; timestamp <= now; timestamp += INTERVAL_SECONDS) {
    const alarm = violations.find(
      ({ startsAt, end }) => timestamp >= startsAt && (end === undefined || timestamp < end.at),
    )
    // A device whose alarm was invalidated was silent meanwhile.
    if (alarm?.end?.type === 'alarm-invalidated' && timestamp > alarm.startsAt) continue
    const value = ofEvents.get(timestamp) ?? (alarm === undefined ? kind.normal : kind.violating)(chance())
    values.push({ timestamp, value })
  }
  addMetricValues(account, { thingName, metricName: kind.behavior.metric }, values)
}

const aligned = (seconds: number) => Math.floor(seconds / INTERVAL_SECONDS) * INTERVAL_SECONDS

/** Numbers from 0 to 1 that look random and are the same for the same seed: a linear congruential generator. */
function chances(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
