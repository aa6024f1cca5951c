import { RpcErrorType } from 'aws-iot-device-sdk-v2/dist/eventstream_rpc.js'
import { describe, expect, test } from 'vitest'
import { IpcError, type IpcErrorCode } from '../../src/ipc/core-client.ts'
import { toIpcError } from '../../src/ipc/errors.ts'
import { crtError } from '../../src/ipc/event-stream/crt-error.ts'

/** As `RpcError` of the SDK: an error with a type, a description, and what was below or in the reply. */
function rpcError(type: RpcErrorType, members: object = {}): Error {
  return Object.assign(new Error('RPC request failed'), {
    type,
    description: 'RPC request failed',
    ...members,
  })
}

const serviceError = (serviceError: object) => rpcError(RpcErrorType.ServiceError, { serviceError })

const cases: { name: string; error: unknown; code: IpcErrorCode; says: RegExp; operation?: string }[] = [
  {
    name: 'a handshake that is answered with a no',
    error: rpcError(RpcErrorType.HandshakeError),
    operation: 'Connect',
    code: 'refused',
    says: /failed/,
  },
  {
    name: 'a handshake that is answered with the end of the connection',
    error: rpcError(RpcErrorType.NetworkError),
    operation: 'Connect',
    code: 'refused',
    says: /failed/,
  },
  {
    name: 'not permitted, classic',
    error: serviceError({ _errorCode: 'UnauthorizedError', message: 'Authorization failed' }),
    code: 'unauthorized',
    says: /Authorization failed/,
  },
  {
    name: 'not permitted, lite',
    error: serviceError({ _errorCode: 'UnauthorizedError', _message: 'IPC Operation not authorized.' }),
    code: 'unauthorized',
    says: /IPC Operation not authorized/,
  },
  {
    name: 'no such key',
    error: serviceError({ _errorCode: 'ResourceNotFoundError', _message: 'Key not found' }),
    code: 'not-found',
    says: /Key not found/,
  },
  {
    name: 'offline, lite',
    error: serviceError({ _errorCode: 'ServiceError', _message: 'Failed to publish the message.' }),
    code: 'service',
    says: /Failed to publish/,
  },
  {
    name: 'spool full, classic',
    error: serviceError({ message: 'Message spool is full.' }),
    code: 'service',
    says: /spool is full/,
  },
  {
    name: 'no such operation, lite: an error without any text',
    error: serviceError({ _errorCode: 'ServiceError', _message: '' }),
    code: 'unsupported',
    says: /RPC request failed/,
  },
  {
    name: 'no such operation, classic: an error without a model',
    error: rpcError(RpcErrorType.InternalError),
    code: 'unsupported',
    says: /RPC request failed/,
  },
  {
    // What answered so may have taken the message.
    name: 'a reply of an unknown shape',
    error: rpcError(RpcErrorType.DeserializationError),
    code: 'internal',
    says: /failed/,
  },
  {
    name: 'a lost connection',
    error: rpcError(RpcErrorType.NetworkError),
    code: 'disconnected',
    says: /failed/,
  },
  {
    name: 'a refused token',
    error: rpcError(RpcErrorType.HandshakeError),
    code: 'disconnected',
    says: /failed/,
  },
  {
    name: 'an end in between',
    error: rpcError(RpcErrorType.InterruptionError),
    code: 'disconnected',
    says: /./,
  },
  {
    name: 'a closed client',
    error: rpcError(RpcErrorType.ClientStateError),
    code: 'disconnected',
    says: /./,
  },
  {
    name: 'a request that is not valid',
    error: rpcError(RpcErrorType.ValidationError),
    code: 'internal',
    says: /./,
  },
  {
    name: 'no socket at the path',
    error: rpcError(RpcErrorType.InternalError, { internalError: crtError('AWS_ERROR_FILE_INVALID_PATH') }),
    code: 'disconnected',
    says: /RPC request failed: AWS_ERROR_FILE_INVALID_PATH: there is no such socket/,
  },
  {
    name: 'a socket that this user may not open',
    error: rpcError(RpcErrorType.InternalError, { internalError: crtError('AWS_ERROR_NO_PERMISSION') }),
    code: 'disconnected',
    says: /may not open/,
  },
  {
    name: 'the connection closed while the call waited',
    error: rpcError(RpcErrorType.InternalError, { internalError: crtError('AWS_IO_SOCKET_CLOSED') }),
    code: 'disconnected',
    says: /AWS_IO_SOCKET_CLOSED/,
  },
  {
    name: 'a damaged frame',
    error: crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_CHECKSUM_FAILURE'),
    code: 'disconnected',
    says: /CHECKSUM/,
  },
  {
    name: 'a message above what a frame may hold',
    error: rpcError(RpcErrorType.SerializationError, {
      internalError: crtError('AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED'),
    }),
    code: 'too-large',
    says: /larger than allowed/,
  },
  {
    name: "an error of aws-crt's native transport, which has its name in `error_name`",
    error: Object.assign(new Error('aws-c-io: socket is closed.'), { error_name: 'AWS_IO_SOCKET_CLOSED' }),
    code: 'disconnected',
    says: /socket is closed/,
  },
  { name: 'a bug', error: new TypeError('x is not a function'), code: 'internal', says: /not a function/ },
  { name: 'no error at all', error: 'text', code: 'internal', says: /text/ },
  { name: 'nothing', error: undefined, code: 'internal', says: /undefined/ },
]

describe('what the SDK throws', () => {
  test.each(cases)('$name: $code', ({ error, code, says, operation = 'PublishToIoTCore' }) => {
    const result = toIpcError(operation, error)
    expect(result).toBeInstanceOf(IpcError)
    expect(result.code).toBe(code)
    expect(result.message.startsWith(`${operation}: `)).toBe(true)
    expect(result.operation).toBe(operation)
    expect(result.message).toMatch(says)
    expect(result.cause).toBe(error)
  })
})

test('what is an IpcError already stays as it is', () => {
  const error = new IpcError('timeout', 'UpdateState', 'no reply within 10 s')
  expect(toIpcError('Connect', error)).toBe(error)
})

test('a subscription that is answered in an unknown shape is one that the nucleus does not have', () => {
  const error = toIpcError('SubscribeToComponentUpdates', rpcError(RpcErrorType.DeserializationError))
  expect(error.code).toBe('unsupported')
})
