/**
 * Reports to Device Defender, and their copies: made from an observation, stored before they leave, handed over, and accounted
 * for until their fate is known. Their traffic is the ledger's affair; see `metrics/traffic-ledger.ts`.
 */
import { IpcError } from '../ipc/core-client.ts'
import { toMetrics } from '../metrics/collector.ts'
import { trafficSince } from '../metrics/counters.ts'
import type { NetworkStats } from '../metrics/snapshot.ts'
import * as ledger from '../metrics/traffic-ledger.ts'
import type { Reply } from '../report/reply.ts'
import { type Omitted, shrinkReport } from '../report/shrink.ts'
import type { OutboxEntry } from '../store/outbox-entry.ts'
import type { AgentState } from './agent-state.ts'
import type { FaultLog } from './fault-log.ts'
import type { HealthRecord } from './health-record.ts'
import type { Journal } from './journal.ts'
import type { NucleusLink } from './nucleus-link.ts'
import type { Observation } from './observation.ts'
import type { Ports, Stores } from './ports.ts'
import { publishWithRetries } from './publish.ts'
import type { Setup } from './setup.ts'

export interface ReporterPorts {
  readonly ports: Pick<Ports, 'clock' | 'log' | 'random'>
  readonly stores: Pick<Stores, 'keepRejected'>
  readonly journal: Journal
  readonly link: NucleusLink
  readonly faults: FaultLog
  readonly record: HealthRecord
}

/** After a report that was throttled, one is left out, then three, then seven: their traffic goes into the next. */
const THROTTLE_LEVEL_MAX = 3
/** Of the reports that wait for a reply, so many are kept as they were sent: a rejected one is worth a look. */
const PAYLOADS_KEPT_MAX = 3

export class Reporter {
  readonly #ports: ReporterPorts
  readonly #sent = new Map<number, Uint8Array>()
  /** The report in doubt that the nucleus may have: one that went without an answer, or was left by a former process. */
  #doubtedId: number | undefined
  #throttleLevel = 0
  #leftOut = 0
  #hasSaidAccepted = false

  constructor(ports: ReporterPorts) {
    this.#ports = ports
    this.#doubtedId = ports.journal.state.ledger.inDoubt?.reportId
  }

  /** Whether this tick's report is left out, because the service asked for fewer. */
  isThrottled(): boolean {
    if (this.#leftOut === 0) return false
    this.#leftOut -= 1
    return true
  }

  /** Takes the observation into account and makes the report, and its copy for the outbox. Pure but for the log. */
  compose(
    state: AgentState,
    setup: Setup,
    { snapshot, custom }: Observation,
    isLeftOut: boolean,
  ): { readonly state: AgentState; readonly entries: readonly OutboxEntry[]; readonly isTold: boolean } {
    const { counters } = snapshot
    const observed =
      counters === undefined ? state.ledger : ledger.observe(state.ledger, counters, setup.isReported)
    // AWS wants ids that only grow; the clock may have stepped back.
    const reportId = Math.max(this.#ports.ports.clock.wallMs(), state.lastReportId + 1)
    const make = (networkStats: NetworkStats | undefined) => {
      const metrics = toMetrics(snapshot, networkStats, custom)
      const { config, codec, maxBytes } = setup
      const report = shrinkReport(
        { reportId, metrics },
        { format: codec.format, names: config.fieldNames, maxBytes, encode: codec.encode },
      )
      this.#noteOmitted(reportId, report.payload.length, report.omitted)
      return report.payload
    }

    let next: AgentState = { ...state, lastReportId: reportId, ledger: observed }
    const reportTopic = observed.inDoubt === undefined && !isLeftOut ? setup.topics?.publish : undefined
    if (reportTopic !== undefined) {
      next = {
        ...next,
        ledger: ledger.begin(observed, reportId),
        messageInDoubt: { topic: reportTopic, payload: make(observed.carried) },
      }
    }
    // Nobody is told of this traffic; whoever asks for reports later gets what flows from then on.
    if (setup.topics === undefined) next = { ...next, ledger: ledger.forget(observed) }
    if (setup.copyTopic === undefined)
      return {
        state: { ...next, ...(counters && { copyBaseline: counters }) },
        entries: [],
        isTold: reportTopic !== undefined,
      }
    const copyTraffic = counters && trafficSince(state.copyBaseline, counters, setup.isReported)
    const copy: OutboxEntry = {
      kind: 'report-copy',
      topic: setup.copyTopic,
      payload: make(copyTraffic),
      createdAt: this.#ports.ports.clock.wallMs(),
    }
    return { state: { ...next, ...(counters && { copyBaseline: counters }) }, entries: [copy], isTold: true }
  }

  /** Hands over the report that is in doubt, if there is one, and settles its fate. */
  async send(setup: Setup, intervalMs: number, signal: AbortSignal): Promise<void> {
    const { journal, link, ports, faults, record } = this.#ports
    const { messageInDoubt, ledger: books } = journal.state
    const reportId = books.inDoubt?.reportId
    if (messageInDoubt === undefined || reportId === undefined) return
    const { topic, payload } = messageInDoubt
    this.#keep(reportId, payload)
    const startedMs = ports.clock.monotonicMs()
    const outcome = await publishWithRetries(
      {
        core: {
          publishToIoTCore: async (...message) => {
            // A reply to an earlier try has settled it: its traffic may be on its way in another report by now.
            if (journal.state.ledger.inDoubt?.reportId !== reportId) return
            await link.require('PublishToIoTCore').publishToIoTCore(...message)
          },
        },
        ...ports,
      },
      topic,
      payload,
      {
        retryCount: setup.config.publishRetryCount,
        // The retries of one report end before the next one is due.
        withinMs: intervalMs * 0.8,
        signal,
      },
    )
    const durationMs = ports.clock.monotonicMs() - startedMs
    if (outcome.kind === 'handed-over') {
      faults.clear('publish', 'reports are handed over again')
      ports.log.debug('report handed over', { reportId, bytes: payload.length, tries: outcome.tries })
      record.noteHandedOver()
      record.notePart('device-defender', durationMs)
      this.#noteSilence()
      await this.#settle(reportId, 'handed-over')
      return
    }
    record.notePart('device-defender', durationMs, outcome.error)
    if (outcome.mayHaveBeenTaken) this.#doubtedId = reportId
    // A refusal says nothing of an earlier try that went without an answer. What is too large was never sent to this nucleus.
    const isTooLarge = outcome.error instanceof IpcError && outcome.error.code === 'too-large'
    const fate = this.#doubtedId === reportId && !isTooLarge ? 'unknown' : 'refused'
    const text =
      fate === 'unknown'
        ? 'it is not known whether the report was handed over; it is sent again as it is'
        : 'report not handed over; its traffic goes into the next one'
    faults.note('publish', text, { reportId, tries: outcome.tries, error: outcome.error })
    await this.#settle(reportId, fate)
  }

  async #settle(reportId: number, fate: ledger.ReportFate): Promise<void> {
    if (fate === 'unknown') return
    await this.#ports.journal.commit((state) => {
      // A reply may have been faster.
      if (state.ledger.inDoubt?.reportId !== reportId) return { state, isMinor: true }
      const { messageInDoubt: _, ...rest } = state
      return { state: { ...rest, ledger: ledger.settle(state.ledger, fate) } }
    })
  }

  /** Takes a reply of Device Defender, whatever it is worth. */
  async receive(reply: Reply): Promise<void> {
    const { journal, ports, record } = this.#ports
    if (reply.kind === 'unreadable') {
      ports.log.warn('reply of Device Defender cannot be read', { reason: reply.reason })
      return
    }
    // AWS's documented rejection has no report id: it is taken to answer the oldest report that waits.
    const reportId = reply.reportId ?? ledger.oldestUnanswered(journal.state.ledger)
    if (reportId === undefined || !ledger.isWaiting(journal.state.ledger, reportId)) {
      ports.log.debug('reply to a report that does not wait for one', { ...reply })
      return
    }
    record.noteReply(reply.kind)
    await journal.commit((state) => ({
      state: answered(state, reportId, reply.kind),
      // An acceptance only shortens a list; what it would cost to forget it is nothing.
      isMinor: reply.kind === 'accepted' && state.ledger.inDoubt?.reportId !== reportId,
    }))
    if (reply.kind === 'accepted') this.#noteAccepted(reportId)
    else await this.#noteRejected(reportId, reply.code ?? 'no code', reply.message ?? '')
    this.#sent.delete(reportId)
  }

  #noteAccepted(reportId: number): void {
    const { faults, ports } = this.#ports
    this.#throttleLevel = 0
    faults.clear('silence', 'Device Defender answers')
    const say = this.#hasSaidAccepted ? ports.log.debug : ports.log.info
    this.#hasSaidAccepted = true
    say('report accepted by Device Defender', { reportId })
  }

  async #noteRejected(reportId: number, code: string, reason: string): Promise<void> {
    const { ports, stores } = this.#ports
    if (/throttl/i.test(code)) {
      this.#throttleLevel = Math.min(this.#throttleLevel + 1, THROTTLE_LEVEL_MAX)
      this.#leftOut = 2 ** this.#throttleLevel - 1
      ports.log.warn('report throttled by Device Defender; reporting less often for a while', {
        reportId,
        code,
        reason,
        reportsLeftOut: this.#leftOut,
      })
      return
    }
    ports.log.warn('report rejected by Device Defender', { reportId, code, reason })
    const payload = this.#sent.get(reportId)
    if (payload !== undefined) await stores.keepRejected(reportId, `${code}: ${reason}`, payload)
  }

  #noteSilence(): void {
    const { faults, record } = this.#ports
    if (!record.isUnanswered) return
    faults.note(
      'silence',
      'nobody answers on the reserved topic; an account without Detect may look like that',
      {},
    )
  }

  #keep(reportId: number, payload: Uint8Array): void {
    this.#sent.set(reportId, payload)
    const [oldest] = this.#sent.keys()
    if (this.#sent.size > PAYLOADS_KEPT_MAX && oldest !== undefined) this.#sent.delete(oldest)
  }

  #noteOmitted(reportId: number, bytes: number, omitted: Omitted): void {
    const { faults } = this.#ports
    const { customMetrics, ...lists } = omitted
    const count = Object.values(lists).reduce((sum, value) => sum + value, customMetrics.length)
    if (count === 0) faults.clear('omitted', 'everything fits into the report again')
    else {
      faults.note('omitted', 'not everything fits into the report; totals stay true', {
        reportId,
        bytes,
        entriesLeftOut: omitted,
      })
    }
  }
}

function answered(state: AgentState, reportId: number, kind: 'accepted' | 'rejected'): AgentState {
  const books =
    kind === 'accepted' ? ledger.accepted(state.ledger, reportId) : ledger.rejected(state.ledger, reportId)
  if (books.inDoubt !== undefined) return { ...state, ledger: books }
  const { messageInDoubt: _, ...rest } = state
  return { ...rest, ledger: books }
}
