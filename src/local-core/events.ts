/**
 * What happens in the embedded core, as values: printed by `defender local`, streamed to its page, asserted by tests.
 * One JSON object each; `at` is epoch milliseconds.
 */
import type { MessageReply } from './replies.ts'

/** A component's states, by the names that Greengrass shows. */
export type LifecycleState =
  | 'NEW'
  | 'INSTALLED'
  | 'STARTING'
  | 'RUNNING'
  | 'STOPPING'
  | 'FINISHED'
  | 'ERRORED'
  | 'BROKEN'

export type LocalCoreEvent =
  | {
      readonly event: 'core'
      readonly at: number
      readonly state: 'started' | 'stopped' | 'restarted'
      readonly mode: 'classic' | 'lite'
      readonly socketPath: string
      readonly thingName: string
    }
  | {
      readonly event: 'component'
      readonly at: number
      readonly state: LifecycleState
      readonly pid?: number
      readonly exitCode?: number
      readonly reason?: string
    }
  | {
      readonly event: 'log'
      readonly at: number
      readonly stream: 'stdout' | 'stderr'
      readonly line: string
    }
  | {
      readonly event: 'report'
      readonly at: number
      readonly status: 'ACCEPTED' | 'REJECTED' | 'SILENT'
      readonly reportId?: number
      readonly bytes: number
      readonly format: 'json' | 'cbor'
      readonly topic: string
      readonly report: unknown
      readonly reply?: MessageReply
      /** Why it was rejected, or what is odd about an accepted one (a report id that did not grow). */
      readonly remarks?: readonly string[]
    }
  | {
      readonly event: 'message'
      readonly at: number
      readonly via: 'iot-core' | 'local'
      readonly topic: string
      readonly bytes: number
      readonly payload: unknown
    }
  | { readonly event: 'denied'; readonly at: number; readonly operation: string; readonly resource: string }
  | { readonly event: 'fault'; readonly at: number; readonly fault: string }
