/**
 * From what the SDK throws to one of the few codes that the agent acts upon.
 *
 * An operation that a nucleus does not have looks different on each: lite answers a ServiceError without any text, classic
 * an error without a model, which the SDK reports as an internal one.
 */
import { RpcErrorType } from 'aws-iot-device-sdk-v2/dist/eventstream_rpc.js'
import { IpcError, type IpcErrorCode } from './core-client.ts'

interface RpcErrorLike {
  readonly type: RpcErrorType
  readonly description?: string
  readonly internalError?: unknown
  readonly serviceError?: {
    readonly _errorCode?: string
    readonly _message?: string
    readonly message?: string
  }
}

export function toIpcError(operation: string, error: unknown): IpcError {
  if (error instanceof IpcError) return error
  const transportCode = codeOfTransport(error)
  if (!isRpcError(error)) {
    return new IpcError(transportCode ?? 'internal', operation, messageOf(error), error)
  }
  return new IpcError(
    transportCode ?? codeOfTransport(error.internalError) ?? codeOf(error, operation),
    operation,
    detailOf(error),
    error,
  )
}

/** What the transport below the SDK says of itself (aws-crt's names, which our own transport uses too). */
function codeOfTransport(error: unknown): IpcErrorCode | undefined {
  if (!(error instanceof Error)) return undefined
  const name = 'error_name' in error ? String(error.error_name) : error.message
  if (/AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED/.test(name)) return 'too-large'
  const isConnection =
    /AWS_IO_SOCKET_|AWS_ERROR_EVENT_STREAM_(RPC_|\w*CHECKSUM)|AWS_ERROR_FILE_INVALID_PATH|AWS_ERROR_NO_PERMISSION/
  return isConnection.test(name) ? 'disconnected' : undefined
}

function codeOf(error: RpcErrorLike, operation: string): IpcErrorCode {
  switch (error.type) {
    case RpcErrorType.ServiceError:
      return serviceCode(error)
    // A handshake that is answered with a no, or with the end of the connection, is about the SVCUID.
    case RpcErrorType.NetworkError:
    case RpcErrorType.HandshakeError:
      return operation === 'Connect' ? 'refused' : 'disconnected'
    case RpcErrorType.InterruptionError:
    case RpcErrorType.ClientStateError:
      return 'disconnected'
    case RpcErrorType.InternalError:
      return 'unsupported'
    // Of a subscription an unreadable answer is that of a nucleus without it; a publish may have been taken.
    case RpcErrorType.DeserializationError:
      return operation.startsWith('Subscribe') ? 'unsupported' : 'internal'
    default:
      return 'internal'
  }
}

function serviceCode({ serviceError }: RpcErrorLike): IpcErrorCode {
  const text = serviceError?._message ?? serviceError?.message ?? ''
  switch (serviceError?._errorCode) {
    case 'UnauthorizedError':
      return 'unauthorized'
    case 'ResourceNotFoundError':
      return 'not-found'
    default:
      return text === '' ? 'unsupported' : 'service'
  }
}

function detailOf(error: RpcErrorLike): string {
  const { serviceError } = error
  const text = serviceError?._message ?? serviceError?.message
  if (text !== undefined && text !== '') return text
  const cause = error.internalError === undefined ? '' : `: ${messageOf(error.internalError)}`
  return `${error.description ?? 'failed'}${cause}`
}

const isRpcError = (error: unknown): error is RpcErrorLike =>
  typeof error === 'object' && error !== null && 'type' in error && typeof error.type === 'number'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
