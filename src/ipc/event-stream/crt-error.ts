/**
 * `CrtError` as the device SDK knows it, and the few error codes this transport gives.
 *
 * Names and numbers are those of aws-c-common, aws-c-io and aws-c-event-stream (their public error enums), so that
 * a caller which looks at `error_code` or `error_name` need not know which transport is below; the texts are ours.
 */

export const ErrorCode = {
  AWS_ERROR_NO_PERMISSION: 43,
  AWS_ERROR_FILE_INVALID_PATH: 44,
  AWS_ERROR_SYS_CALL_FAILURE: 46,
  AWS_IO_SOCKET_UNSUPPORTED_ADDRESS_FAMILY: 1045,
  AWS_IO_SOCKET_CONNECTION_REFUSED: 1047,
  AWS_IO_SOCKET_CLOSED: 1051,
  AWS_IO_SOCKET_INVALID_OPTIONS: 1053,
  AWS_IO_SOCKET_INVALID_ADDRESS: 1055,
  AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED: 4098,
  AWS_ERROR_EVENT_STREAM_PRELUDE_CHECKSUM_FAILURE: 4099,
  AWS_ERROR_EVENT_STREAM_MESSAGE_CHECKSUM_FAILURE: 4100,
  AWS_ERROR_EVENT_STREAM_MESSAGE_INVALID_HEADERS_LEN: 4101,
  AWS_ERROR_EVENT_STREAM_MESSAGE_UNKNOWN_HEADER_TYPE: 4102,
  AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED: 4104,
  AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR: 4105,
  AWS_ERROR_EVENT_STREAM_RPC_STREAM_CLOSED: 4106,
} as const

export type ErrorName = keyof typeof ErrorCode

const texts: Readonly<Record<ErrorName, string>> = {
  AWS_ERROR_NO_PERMISSION: 'this user may not open the socket',
  AWS_ERROR_FILE_INVALID_PATH: 'there is no such socket',
  AWS_ERROR_SYS_CALL_FAILURE: 'the operating system refused',
  AWS_IO_SOCKET_UNSUPPORTED_ADDRESS_FAMILY: 'only Unix domain stream sockets are supported',
  AWS_IO_SOCKET_CONNECTION_REFUSED: 'nothing listens on the socket',
  AWS_IO_SOCKET_CLOSED: 'the socket was closed',
  AWS_IO_SOCKET_INVALID_OPTIONS: 'TLS is not supported on a Unix domain socket',
  AWS_IO_SOCKET_INVALID_ADDRESS: 'the socket path is longer than unix(7) allows',
  AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED: 'a message or one of its fields is larger than allowed',
  AWS_ERROR_EVENT_STREAM_PRELUDE_CHECKSUM_FAILURE: 'wrong checksum of a message prelude',
  AWS_ERROR_EVENT_STREAM_MESSAGE_CHECKSUM_FAILURE: 'wrong checksum of a message',
  AWS_ERROR_EVENT_STREAM_MESSAGE_INVALID_HEADERS_LEN: 'the lengths within a message contradict each other',
  AWS_ERROR_EVENT_STREAM_MESSAGE_UNKNOWN_HEADER_TYPE: 'a message header is of a type that does not exist',
  AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED: 'the connection was closed on this side',
  AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR: 'the other side broke the protocol, or says that we did',
  AWS_ERROR_EVENT_STREAM_RPC_STREAM_CLOSED: 'the stream ended',
}

const namesByCode = new Map(
  Object.entries(ErrorCode).map(([name, code]) => [code as number, name as ErrorName]),
)

/** `error` is an error code, or a text where no code fits. */
export class CrtError extends Error {
  override readonly name = 'CrtError'
  readonly error: number | string
  readonly error_code?: number
  readonly error_name?: string

  constructor(error: number | string, options?: ErrorOptions) {
    const name = typeof error === 'number' ? namesByCode.get(error) : undefined
    super(name === undefined ? String(error) : `${name}: ${texts[name]}`, options)
    this.error = error
    if (typeof error === 'number') this.error_code = error
    if (name !== undefined) this.error_name = name
  }
}

export function crtError(name: ErrorName, options?: ErrorOptions): CrtError {
  return new CrtError(ErrorCode[name], options)
}

/** The error that connect(2), read(2) or write(2) gave, in the words above; the original is kept as `cause`. */
export function fromSystemError(error: NodeJS.ErrnoException): CrtError {
  return crtError(nameOf(error.code), { cause: error })
}

function nameOf(code: string | undefined): ErrorName {
  switch (code) {
    case 'ENOENT':
      return 'AWS_ERROR_FILE_INVALID_PATH'
    case 'EACCES':
    case 'EPERM':
      return 'AWS_ERROR_NO_PERMISSION'
    case 'ECONNREFUSED': // a socket nobody listens on
    case 'ENOTSOCK': // Node's word for a file that is no socket, where connect(2) itself says ECONNREFUSED
      return 'AWS_IO_SOCKET_CONNECTION_REFUSED'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECANCELED': // a write under way, and those behind it, when the socket was given up
    case 'ERR_STREAM_DESTROYED':
      return 'AWS_IO_SOCKET_CLOSED'
    default:
      return 'AWS_ERROR_SYS_CALL_FAILURE'
  }
}
