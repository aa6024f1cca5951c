/**
 * Says each fault once, and once more when it is over: a `/proc` file that cannot be parsed would otherwise write the same
 * line every five minutes for years.
 */
import type { LogFields, Logger } from '../log/logger.ts'

export class FaultLog {
  readonly #log: Logger
  readonly #known = new Set<string>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** `key` names what is faulty, the rest says how. */
  note(key: string, message: string, fields: LogFields): void {
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.#log.warn(message, fields)
  }

  clear(key: string, message: string): void {
    if (this.#known.delete(key)) this.#log.info(message)
  }
}
