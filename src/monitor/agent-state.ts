/**
 * What the agent must not forget when it is killed: one value, stored as a whole. A file of another version, or one that cannot be
 * used, is set aside by the store, and the agent starts as on its first day: without a baseline, and with alarms judged anew.
 */
import { restoreState } from '../detect/saved-state.ts'
import type { DetectState } from '../detect/state.ts'
import type { ViolationEvent } from '../detect/violation.ts'
import type { CounterReading } from '../metrics/counters.ts'
import { emptyLedger, type TrafficLedger } from '../metrics/traffic-ledger.ts'
import type { OutboxEntry } from '../store/outbox-entry.ts'

export const AGENT_STATE_VERSION = 1

export interface AgentState {
  /** Epoch milliseconds of the last report; the next one's is larger whatever the clock does. */
  readonly lastReportId: number
  readonly ledger: TrafficLedger
  /** The report in doubt as it was encoded, to be sent again as it is. */
  readonly messageInDoubt?: { readonly topic: string; readonly payload: Uint8Array }
  /** Counters at the last copy for `ReportCopyTopic`: its stream loses nothing, so it counts for itself. */
  readonly copyBaseline?: CounterReading
  readonly detect?: DetectState
  /** Counters up to which Edge Detect has judged traffic. */
  readonly detectBaseline?: CounterReading
  /** Starts of the process in the last hour, epoch milliseconds, and all of them. */
  readonly recentStarts: readonly number[]
  readonly startCount: number
  /** What was to be put into the outbox and the history with this state, and the outbox's last id before. */
  readonly intents?: Intents
}

export interface Intents {
  readonly afterOutboxId: number
  readonly entries: readonly OutboxEntry[]
  readonly events: readonly ViolationEvent[]
}

export const initialState: AgentState = {
  lastReportId: 0,
  ledger: emptyLedger,
  recentStarts: [],
  startCount: 0,
}

/** From JSON: 64-bit counters are strings there, bytes are base64. */
export function parseAgentState(stored: unknown): AgentState {
  const state = revive(stored) as AgentState
  if (typeof state?.lastReportId !== 'number' || !Array.isArray(state.ledger?.unanswered)) {
    throw new Error('state: no lastReportId or no ledger')
  }
  if (!Array.isArray(state.recentStarts) || typeof state.startCount !== 'number')
    throw new Error('state: no starts')
  const { detect, ...rest } = state
  if (detect === undefined) return rest
  // Alarms that cannot be read are judged anew; the rest of the state is worth keeping.
  const restored = restoreState(detect)
  return restored.ok ? { ...rest, detect: restored.state } : rest
}

/** For JSON, which has neither bigint nor bytes. */
export function printAgentState(state: AgentState): unknown {
  return replace(state, (value) => {
    if (typeof value === 'bigint') return { $bigint: value.toString() }
    if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
    return undefined
  })
}

function revive(stored: unknown): unknown {
  return replace(stored, (value) => {
    if (typeof value !== 'object' || value === null) return undefined
    if ('$bigint' in value && typeof value.$bigint === 'string') return BigInt(value.$bigint)
    if ('$bytes' in value && typeof value.$bytes === 'string') return Buffer.from(value.$bytes, 'base64')
    return undefined
  })
}

/** With each value for which `swap` has another in its place; long lists of texts or numbers are not copied. */
function replace(value: unknown, swap: (value: unknown) => unknown): unknown {
  const swapped = swap(value)
  if (swapped !== undefined) return swapped
  if (Array.isArray(value)) {
    return value.every(isTextOrNumber) ? value : value.map((element) => replace(element, swap))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replace(member, swap)]))
}

const isTextOrNumber = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number'
