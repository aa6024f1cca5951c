/**
 * Edge Detect within the agent: the security profiles of the configuration, judged at each local sample and at the end of each
 * report interval. Takes the agent's state and gives the next one with the messages that its events become; what is stored and
 * published, and when, is the journal's affair.
 */
import { boundViolation } from '../detect/bound-violation.ts'
import { compileProfile } from '../detect/compile.ts'
import { createEngine, type Engine } from '../detect/engine.ts'
import type { SecurityProfile } from '../detect/security-profile.ts'
import type { DetectState } from '../detect/state.ts'
import { isSuppressed, type ViolationEvent } from '../detect/violation.ts'
import { violationIds } from '../detect/violation-id.ts'
import type { Snapshot } from '../metrics/collector.ts'
import { trafficSince } from '../metrics/counters.ts'
import { type Datapoint, toDatapoints } from '../metrics/datapoint.ts'
import type { CustomMetricType } from '../metrics/snapshot.ts'
import type { BehaviorHealth } from '../report/health.ts'
import type { OutboxEntry } from '../store/outbox-entry.ts'
import type { AgentState } from './agent-state.ts'

export interface EdgeDetectOptions {
  readonly thingName: string
  readonly profiles: readonly SecurityProfile[]
  readonly customMetricTypes: ReadonlyMap<string, CustomMetricType>
  readonly isReported: (interfaceName: string) => boolean
  readonly topic: string
  /** Bytes of a violation message that the nucleus takes. */
  readonly messageBytesMax: () => number
  /** Adds what is known of the processes behind violations; the events themselves where nothing is to be added. */
  readonly attribute: (events: readonly ViolationEvent[]) => readonly ViolationEvent[]
}

export interface Judged {
  readonly state: AgentState
  readonly events: readonly ViolationEvent[]
  /** For the outbox: the events that are to be published. */
  readonly entries: readonly OutboxEntry[]
  /** Of the whole interval, when it was closed. */
  readonly datapoints: readonly Datapoint[]
}

export class EdgeDetect {
  readonly #options: EdgeDetectOptions
  readonly #engine: Engine
  /** Behaviors that are judged here; none: there is nothing to sample for. */
  readonly judgedCount: number

  constructor(options: EdgeDetectOptions) {
    this.#options = options
    const compiled = options.profiles.map((profile) => compileProfile(profile, options.customMetricTypes))
    this.judgedCount = compiled.reduce((sum, { judged }) => sum + judged.length, 0)
    this.#engine = createEngine(compiled, {
      thingName: options.thingName,
      newViolationId: violationIds(options.thingName),
    })
  }

  /** Takes over what a former process, or former profiles, have left: to be called before anything else. */
  resume(state: AgentState, at: number, closesAt: number): Judged {
    const { state: detect, events } = this.#engine.resume(state.detect, at, closesAt)
    return this.#judged(state, detect, events, at)
  }

  /** Judges what was seen since the last call, early. */
  sample(state: AgentState, snapshot: Snapshot, custom: readonly Datapoint[], at: number): Judged {
    const { detect } = state
    if (detect === undefined) throw new Error('Edge Detect was not resumed')
    const traffic =
      snapshot.counters && trafficSince(state.detectBaseline, snapshot.counters, this.#options.isReported)
    const outcome = this.#engine.sample(detect, [...toDatapoints(snapshot, traffic), ...custom], at)
    const seen = snapshot.counters === undefined ? state : { ...state, detectBaseline: snapshot.counters }
    return this.#judged(seen, outcome.state, outcome.events, at)
  }

  /** The same, and the interval ends. */
  closeInterval(
    state: AgentState,
    snapshot: Snapshot,
    custom: readonly Datapoint[],
    at: number,
    closesAt: number,
  ): Judged {
    const sampled = this.sample(state, snapshot, custom, at)
    const outcome = this.#engine.closeInterval(sampled.state.detect as DetectState, at, closesAt)
    const closed = this.#judged(sampled.state, outcome.state, outcome.events, at)
    return {
      state: closed.state,
      events: [...sampled.events, ...closed.events],
      entries: [...sampled.entries, ...closed.entries],
      datapoints: outcome.datapoints,
    }
  }

  status(state: AgentState): BehaviorHealth[] {
    if (state.detect === undefined) return []
    return this.#engine.status(state.detect).map(({ securityProfileName, behavior, ...standing }) => ({
      securityProfileName,
      behaviorName: behavior.name,
      metric: behavior.metric,
      state: standing.state,
      detail: standing.detail,
      ...(standing.value === undefined ? {} : { value: standing.value }),
      ...(standing.threshold === undefined ? {} : { threshold: standing.threshold }),
      ...(standing.since === undefined ? {} : { since: standing.since }),
    }))
  }

  #judged(state: AgentState, detect: DetectState, found: readonly ViolationEvent[], at: number): Judged {
    const events = found.length === 0 ? found : this.#options.attribute(found)
    const entries = events
      .filter((event) => !isSuppressed(event))
      .map(
        (event): OutboxEntry => ({
          kind: 'violation',
          topic: this.#options.topic,
          payload: Buffer.from(JSON.stringify(boundViolation(event, this.#options.messageBytesMax()))),
          createdAt: at,
        }),
      )
    return { state: { ...state, detect }, events, entries, datapoints: [] }
  }
}
