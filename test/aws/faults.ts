/** Faults on demand: what the n-th call of an operation meets instead of, or before, its ordinary answer. */
import { AwsError } from './error.ts'

export interface Fault {
  /** Any operation if left out. */
  readonly operation?: string
  /** Of this service only, by its signing name: some names are used by several. */
  readonly service?: string
  /** Calls of it that pass before. */
  readonly skip?: number
  /** Calls that meet the fault; Infinity for all. */
  readonly times?: number
  readonly effect: Effect
}

export type Effect =
  /** Answered with this error; nothing is done. */
  | { readonly kind: 'error'; readonly code: string; readonly message?: string }
  /** Answered with this; nothing is done. */
  | { readonly kind: 'answer'; readonly output: object }
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection ends without an answer, before or after the operation was done. */
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }

export class Faults {
  #pending: { readonly fault: Fault; skip: number; times: number }[] = []

  add(fault: Fault): void {
    this.#pending.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 })
  }

  clear(): void {
    this.#pending = []
  }

  /** What the call that is just made meets. */
  take(operation: string, service: string): Effect | undefined {
    for (const entry of this.#pending) {
      const { operation: wanted = operation, service: ofService = service } = entry.fault
      if (wanted !== operation || ofService !== service || entry.times <= 0) continue
      if (entry.skip > 0) {
        entry.skip -= 1
        continue
      }
      entry.times -= 1
      return entry.fault.effect
    }
    return undefined
  }
}

export const errorOf = ({ code, message }: Extract<Effect, { kind: 'error' }>) =>
  new AwsError(code, message ?? ordinaryMessages[code] ?? code)

const ordinaryMessages: Readonly<Record<string, string>> = {
  ThrottlingException: 'Rate exceeded',
  InternalFailureException: 'An unexpected error has occurred.',
  ServiceUnavailableException: 'The service is temporarily unavailable.',
}
