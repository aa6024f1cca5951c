/** Counts what happens to reports and parts while the process lives, and puts the health message together. */

import type { Snapshot } from '../metrics/collector.ts'
import type { HealthMetric } from '../metrics/custom.ts'
import type { BehaviorHealth, Health, PartHealth } from '../report/health.ts'
import type { History } from '../store/history.ts'
import type { Outbox } from '../store/outbox-types.ts'
import type { AgentState } from './agent-state.ts'
import type { NucleusLink } from './nucleus-link.ts'
import type { Ports } from './ports.ts'

/** Reports in a row without any reply after which nobody is taken to answer. */
const SILENT_REPORTS_MAX = 3

interface Part {
  durationMs: number
  failures: number
  error?: string
}

export class HealthRecord {
  readonly #ports: Pick<Ports, 'clock' | 'agentVersion' | 'residentBytes'>
  readonly #thingName: string
  readonly #startedMs: number
  readonly #parts = new Map<string, Part>()
  #handedOver = 0
  #accepted = 0
  #rejected = 0
  #silentReports = 0
  #lastAcceptedAt: number | undefined
  #lastHandedOverAt: number | undefined
  #collectionMs = 0

  constructor(ports: Pick<Ports, 'clock' | 'agentVersion' | 'residentBytes'>, thingName: string) {
    this.#ports = ports
    this.#thingName = thingName
    this.#startedMs = ports.clock.monotonicMs()
  }

  noteSnapshot({ parts }: Snapshot): void {
    this.#collectionMs = parts.reduce((sum, { durationMs }) => sum + durationMs, 0)
    for (const { part, durationMs, error } of parts) this.notePart(part, durationMs, error)
  }

  /** One attempt of a part or a sink, and why it failed if it did. */
  notePart(name: string, durationMs: number, error?: unknown): void {
    const part = this.#parts.get(name) ?? { durationMs: 0, failures: 0 }
    this.#parts.set(name, part)
    part.durationMs = durationMs
    delete part.error
    if (error === undefined) return
    part.failures += 1
    part.error = error instanceof Error ? error.message : String(error)
  }

  noteHandedOver(): void {
    this.#handedOver += 1
    this.#silentReports += 1
    this.#lastHandedOverAt = this.#ports.clock.wallMs()
  }

  noteReply(kind: 'accepted' | 'rejected'): void {
    this.#silentReports = 0
    if (kind === 'rejected') this.#rejected += 1
    else {
      this.#accepted += 1
      this.#lastAcceptedAt = this.#ports.clock.wallMs()
    }
  }

  get isUnanswered(): boolean {
    return this.#silentReports >= SILENT_REPORTS_MAX
  }

  /** A number of the agent about itself, for a custom metric; undefined where there is nothing to tell yet. */
  metric(name: HealthMetric, state: AgentState, outbox: Outbox): number | undefined {
    switch (name) {
      case 'agent_report_age_seconds':
        return this.#lastAcceptedAt === undefined
          ? undefined
          : Math.max(0, Math.round((this.#ports.clock.wallMs() - this.#lastAcceptedAt) / 1000))
      case 'agent_outbox_entries':
        return outbox.size().entries
      case 'agent_dropped':
        return droppedCount(outbox)
      case 'agent_starts':
        return state.startCount
      case 'agent_collection_ms':
        return Math.round(this.#collectionMs * 10) / 10
      case 'agent_resident_bytes':
        return this.#ports.residentBytes()
    }
  }

  health(
    state: AgentState,
    link: NucleusLink,
    { outbox, history }: { readonly outbox: Outbox; readonly history: History },
    behaviors: readonly BehaviorHealth[],
    stateIntervalSeconds: number | undefined,
  ): Health {
    const { clock, agentVersion, residentBytes } = this.#ports
    const size = outbox.size()
    const condition = outbox.health()
    const counters = outbox.counters()
    return {
      healthVersion: 1,
      agentVersion,
      thingName: this.#thingName,
      at: clock.wallMs(),
      ...(stateIntervalSeconds === undefined ? {} : { stateIntervalSeconds }),
      nucleus: link.kind,
      isConnected: link.core !== undefined,
      uptimeSeconds: Math.round((clock.monotonicMs() - this.#startedMs) / 1000),
      starts: state.startCount,
      residentBytes: residentBytes(),
      reports: {
        handedOver: this.#handedOver,
        accepted: this.#accepted,
        rejected: this.#rejected,
        ...(this.#lastAcceptedAt === undefined ? {} : { lastAcceptedAt: this.#lastAcceptedAt }),
        ...(this.#lastHandedOverAt === undefined ? {} : { lastHandedOverAt: this.#lastHandedOverAt }),
        isUnanswered: this.isUnanswered,
      },
      outbox: {
        entries: size.entries,
        bytes: size.bytes,
        ...(size.oldestAt === undefined ? {} : { oldestAt: size.oldestAt }),
        dropped: { ...counters.dropped, givenUp: counters.givenUp, history: history.counters().dropped.disk },
        state: condition.kind,
        ...(condition.kind === 'degraded' ? { fault: condition.fault.message } : {}),
      },
      parts: [...this.#parts].map(
        ([part, { durationMs, failures, error }]): PartHealth => ({
          part,
          durationMs: Math.round(durationMs * 100) / 100,
          failures,
          ...(error === undefined ? {} : { error }),
        }),
      ),
      behaviors,
    }
  }
}

const droppedCount = (outbox: Outbox): number => {
  const { dropped, givenUp } = outbox.counters()
  return Object.values(dropped).reduce((sum, count) => sum + count, givenUp)
}
