/**
 * What the component needs from a Greengrass nucleus, classic or lite, and nothing more.
 * The real one is `greengrass.ts`; tests may join the component to anything that keeps this contract.
 *
 * Every call ends: by its reply, by its time-out, or by the loss of the connection (each an `IpcError`).
 */

export type IpcErrorCode =
  | 'timeout' // no reply within the bound
  | 'disconnected' // the connection was lost before the reply
  | 'refused' // the nucleus answered the handshake with a no: the SVCUID is not, or no longer, valid
  | 'not-connected' // there is no connection; nothing was sent
  | 'unauthorized' // accessControl does not permit it
  | 'not-found' // no such configuration key
  | 'unsupported' // this nucleus does not have the operation
  | 'too-large' // would not fit into the nucleus's IPC frame; never sent
  | 'service' // the nucleus refused: offline, spool full, ...
  | 'internal'

export class IpcError extends Error {
  override readonly name = 'IpcError'
  readonly code: IpcErrorCode
  readonly operation: string

  constructor(code: IpcErrorCode, operation: string, detail: string, cause?: unknown) {
    super(`${operation}: ${detail}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.operation = operation
  }
}

export interface Message {
  readonly topic: string
  readonly payload: Uint8Array
}

/** Which nucleus is on the other side; found out by what it answers when connecting. */
export type NucleusKind = 'classic' | 'lite'

export interface ValidateConfigurationEvent {
  readonly deploymentId: string
  readonly configuration: unknown
}

export interface CoreClient {
  readonly kind: NucleusKind
  /** Settles once, when the connection is gone for good, with the reason. Never rejects. */
  readonly closed: Promise<string>

  /** Bytes of payload that this nucleus takes in one publish to that topic. */
  publishBytesMax(topic: string): number

  /** The component's whole configuration (`accessControl` included, as the nucleus gives it). */
  getConfiguration(): Promise<unknown>
  /** Calls back on each change; the new value is to be read with `getConfiguration`. */
  subscribeToConfigurationUpdate(onChange: () => void): Promise<void>
  /** Lets a bad configuration be refused before it is deployed. `unsupported` on lite. */
  subscribeToValidateConfigurationUpdates(
    judge: (event: ValidateConfigurationEvent) => { accepted: true } | { accepted: false; message: string },
  ): Promise<void>

  /** QoS 1. Resolves when the nucleus has taken the message over, which is not when the cloud has. */
  publishToIoTCore(topic: string, payload: Uint8Array): Promise<void>
  subscribeToIoTCore(topic: string, onMessage: (message: Message) => void): Promise<void>
  /** Local publish/subscribe between components on this core device. */
  publishToTopic(topic: string, json: unknown): Promise<void>

  updateState(state: 'RUNNING' | 'ERRORED'): Promise<void>
  /**
   * Asks before each deployment that would restart us. `deferMs` answers after how many ms to ask again, 0 for go
   * ahead. `unsupported` on lite.
   */
  subscribeToComponentUpdates(deferMs: (isNucleusRestarting: boolean) => number): Promise<void>

  close(): Promise<void>
}
