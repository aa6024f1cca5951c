/**
 * What an IPC operation is to the server: a function from a call to its response. Shapes and member names follow the
 * Greengrass IPC service model (`aws.greengrass#...`) as the AWS IoT Device SDKs publish it.
 */

/** The stream that a call opened. Only subscriptions use it; the others end with their response. */
export interface EventStream {
  /** Sends an event, named by its shape without the namespace. Events before the response wait for it. */
  send(shape: string, event: object): void
  /** Called once, when either side ends the stream or the connection is lost. */
  onClose(callback: () => void): void
}

export interface Call {
  /** The component that the caller's token belongs to. */
  readonly component: string
  readonly operation: string
  readonly request: Readonly<Record<string, unknown>>
  readonly stream: EventStream
}

export interface Operation {
  /** A subscription: its stream stays open after the response. */
  readonly streaming: boolean
  handle(call: Call): object | Promise<object>
}

export type OperationErrorCode =
  | 'ServiceError'
  | 'UnauthorizedError'
  | 'ResourceNotFoundError'
  | 'InvalidArgumentsError'
  | 'FailedUpdateConditionCheckError'

/** A failure that the service model knows: the client gets its code and text. */
export class OperationError extends Error {
  override readonly name = 'OperationError'
  readonly code: OperationErrorCode

  constructor(code: OperationErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export const unary = (handle: Operation['handle']): Operation => ({ streaming: false, handle })
export const streaming = (handle: Operation['handle']): Operation => ({ streaming: true, handle })

/** A member that has to be a text. */
export function text(call: Call, member: string): string {
  const value = call.request[member]
  if (typeof value === 'string') return value
  throw new OperationError('InvalidArgumentsError', `${member}: expected a string, got ${describe(value)}`)
}

/** `keyPath`: a list of keys; absent and null mean the whole configuration. */
export function keyPath(call: Call): string[] {
  const value = call.request.keyPath ?? []
  if (Array.isArray(value) && value.every((key) => typeof key === 'string')) return value
  throw new OperationError(
    'InvalidArgumentsError',
    `keyPath: expected a list of strings, got ${describe(value)}`,
  )
}

const describe = (value: unknown) => JSON.stringify(value)?.slice(0, 80) ?? 'nothing'
