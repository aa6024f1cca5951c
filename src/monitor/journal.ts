/**
 * All changes of the agent's state, one after the other, and each made safe before anything of it leaves the device.
 *
 * A change may come with messages for the outbox and events for the history. They go to disk as one step: the state is stored with
 * them in it, then they are appended. Killed in between, the next start finds how many messages had reached the outbox, by its
 * last id, and which events the history has, and appends the rest: nothing is forgotten and nothing is there twice.
 *
 * When the disk does not work, the agent goes on from memory; the store says so once.
 */
import type { ViolationEvent } from '../detect/violation.ts'
import type { OutboxEntry } from '../store/outbox-entry.ts'
import type { AgentState, Intents } from './agent-state.ts'
import type { Stores } from './ports.ts'

export interface Change {
  readonly state: AgentState
  readonly entries?: readonly OutboxEntry[]
  /** For the history; also those that are not published. */
  readonly events?: readonly ViolationEvent[]
  /** Not worth a write by itself: it is stored with the next change that is. */
  readonly isMinor?: boolean
}

type JournalStores = Pick<Stores, 'saveState' | 'outbox' | 'history'>

export class Journal {
  readonly #stores: JournalStores
  #state: AgentState
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(state: AgentState, stores: JournalStores) {
    this.#state = state
    this.#stores = stores
  }

  /** Takes a stored state over, and does what a kill may have left undone. */
  static async open(stored: AgentState, stores: JournalStores): Promise<Journal> {
    const { intents, ...state } = stored
    if (intents !== undefined) await complete(intents, stores)
    return new Journal(state, stores)
  }

  /** As of the last change that is complete. */
  get state(): AgentState {
    return this.#state
  }

  /** Makes one change; `change` is given the state as all former changes left it. */
  commit(change: (state: AgentState) => Change): Promise<AgentState> {
    const turn = this.#queue.then(() => this.#make(change))
    // One change that throws costs itself; those behind it go on.
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #make(change: (state: AgentState) => Change): Promise<AgentState> {
    const { saveState, outbox, history } = this.#stores
    const { state, entries = [], events = [], isMinor = false } = change(this.#state)
    if (entries.length > 0 || events.length > 0) {
      await saveState({ ...state, intents: { afterOutboxId: outbox.lastId(), entries, events } })
      for (const entry of entries) await outbox.append(entry)
      for (const event of events) await history.appendViolation(event.violationEventTime, event)
    } else if (!isMinor) {
      await saveState(state)
    }
    this.#state = state
    return state
  }
}

async function complete(
  { afterOutboxId, entries, events }: Intents,
  { outbox, history }: JournalStores,
): Promise<void> {
  const appendedCount = Math.max(0, outbox.lastId() - afterOutboxId)
  for (const entry of entries.slice(appendedCount)) await outbox.append(entry)
  if (events.length === 0) return
  const known = new Set<string>()
  const since = Math.min(...events.map(({ violationEventTime }) => violationEventTime))
  for await (const { event } of history.readViolations({ since }))
    known.add(identityOf(event as ViolationEvent))
  for (const event of events) {
    if (!known.has(identityOf(event))) await history.appendViolation(event.violationEventTime, event)
  }
}

const identityOf = ({ violationId, violationEventType }: ViolationEvent): string =>
  `${violationId} ${violationEventType}`
