/**
 * Matches the replies of Device Defender with the reports they answer, by report id.
 *
 * A rejection is a warning with AWS's code and text. AWS's documented rejection carries no report id: such a one is taken
 * to answer the oldest report that is still waiting.
 */
import type { Logger } from '../log/logger.ts'
import type { Reply } from '../report/reply.ts'

/** Reports that wait for a reply; more than an hour's worth at AWS's shortest interval will not be answered any more. */
const WAITING_MAX = 12

export class ReplyWatch {
  readonly #log: Logger
  readonly #waiting = new Set<number>()
  #hasSaidAccepted = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** To be called before the report is published: the reply may be faster than the publish call. */
  expect(reportId: number): void {
    this.#waiting.add(reportId)
    if (this.#waiting.size <= WAITING_MAX) return
    const [oldest] = this.#waiting
    if (oldest !== undefined) this.#waiting.delete(oldest)
  }

  /** The report was not handed over after all. */
  forget(reportId: number): void {
    this.#waiting.delete(reportId)
  }

  receive(reply: Reply): void {
    switch (reply.kind) {
      case 'accepted':
        if (this.#take(reply.reportId)) this.#sayAccepted(reply.reportId)
        else this.#log.debug('reply to an unknown report', { ...reply })
        return
      case 'rejected':
        this.#take(reply.reportId)
        this.#log.warn('report rejected by Device Defender', {
          reportId: reply.reportId,
          code: reply.code,
          reason: reply.message,
        })
        return
      case 'unreadable':
        this.#log.warn('reply of Device Defender cannot be read', { reason: reply.reason })
    }
  }

  #take(reportId: number | undefined): boolean {
    const id = reportId ?? this.#waiting.values().next().value
    return id !== undefined && this.#waiting.delete(id)
  }

  #sayAccepted(reportId: number | undefined): void {
    const say = this.#hasSaidAccepted ? this.#log.debug : this.#log.info
    this.#hasSaidAccepted = true
    say('report accepted by Device Defender', { reportId })
  }
}
