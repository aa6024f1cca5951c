/**
 * The agent's own state, as it is published on `greengrass-defender/{thingName}/health`, written to `status.json` and shown
 * by `defender status`. All times are epoch milliseconds by the device's clock.
 */

export interface Health {
  /** Goes up when the shape changes. */
  readonly healthVersion: 1
  readonly agentVersion: string
  readonly thingName: string
  readonly at: number
  /**
   * The state is written at least so often: at each report, and with each health message. Absent where only a `Schedule`
   * would tell.
   */
  readonly stateIntervalSeconds?: number
  /** The last state of a process that ended in order. */
  readonly hasEnded?: true
  readonly nucleus: 'classic' | 'lite'
  readonly isConnected: boolean
  readonly uptimeSeconds: number
  /** Starts of the process since its state began, this one included. */
  readonly starts: number
  readonly residentBytes: number
  readonly reports: ReportHealth
  readonly outbox: OutboxHealthReport
  readonly parts: readonly PartHealth[]
  /** Behaviors of the security profiles that are judged on the device. */
  readonly behaviors: readonly BehaviorHealth[]
  /** Parts and behaviors that were left out because a message takes no more. */
  readonly leftOut?: number
}

export interface ReportHealth {
  /** Taken over by the nucleus. */
  readonly handedOver: number
  readonly accepted: number
  readonly rejected: number
  /** Device Defender's last acceptance; absent before the first. */
  readonly lastAcceptedAt?: number
  readonly lastHandedOverAt?: number
  /** Nobody answers on the reserved topic: an account without Detect may look like that. */
  readonly isUnanswered: boolean
}

export interface OutboxHealthReport {
  readonly entries: number
  readonly bytes: number
  readonly oldestAt?: number
  /** Entries that went without being handed over, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** `degraded`: the disk does not work, entries wait in memory. */
  readonly state: 'durable' | 'degraded'
  readonly fault?: string
}

/** One part of a collection, or one sink. */
export interface PartHealth {
  readonly part: string
  readonly durationMs: number
  readonly failures: number
  /** While it fails. */
  readonly error?: string
}

export interface BehaviorHealth {
  readonly securityProfileName: string
  readonly behaviorName: string
  readonly metric: string
  readonly state: 'ok' | 'pending' | 'in-alarm' | 'learning' | 'no-data' | 'not-judged'
  /** One line for people: `1204 of less-than 5000`, `learning, 12 of 30`. */
  readonly detail: string
  readonly value?: number
  readonly threshold?: number
  readonly since?: number
}

/**
 * The health in a message of at most `bytesMax`: what works and conforms is left out first, then the rest of both lists.
 * Sizes are of UTF-8 JSON.
 */
export function boundHealth(health: Health, bytesMax: number): Health {
  const telling = {
    parts: health.parts.filter(({ error }) => error !== undefined),
    behaviors: health.behaviors.filter(({ state }) => state === 'in-alarm' || state === 'pending'),
  }
  const without = (lists: Pick<Health, 'parts' | 'behaviors'>): Health => ({
    ...health,
    ...lists,
    leftOut: health.parts.length + health.behaviors.length - lists.parts.length - lists.behaviors.length,
  })
  const least = without({ parts: [], behaviors: [] })
  const choices = [health, without(telling), without({ ...telling, parts: [] })]
  return choices.find((choice) => Buffer.byteLength(JSON.stringify(choice)) <= bytesMax) ?? least
}
