/** What our connection and streams promise beyond the scenarios that both transports share. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { cancel, eventstream, io } from '../../../src/ipc/event-stream/aws-crt.ts'
import { GONE } from '../../../src/ipc/event-stream/cancel.ts'
import {
  encode,
  Flags,
  type ServerScript,
  startEventStreamServer,
  Type,
} from '../../helpers/event-stream-server.ts'
import { settlement, soon } from './tools.ts'

const { ClientConnection, MessageFlags, MessageType } = eventstream
const local = new io.SocketOptions(io.SocketType.STREAM, io.SocketDomain.LOCAL)
const application = { type: MessageType.ApplicationMessage, payload: '{}' }

async function open(script: ServerScript = {}) {
  const server = await startEventStreamServer(script)
  const connection = new ClientConnection({ hostName: server.socketPath, port: 0, socketOptions: local })
  onTestFinished(() => {
    connection.close()
    return server.close()
  })
  await connection.connect({})
  return { server, connection }
}

/** Everything the emitter says from now on, as `[event, data]`. */
function listen(emitter: {
  on(event: string | symbol, listener: (data: unknown) => void): unknown
}): unknown[][] {
  const heard: unknown[][] = []
  for (const event of ['protocolMessage', 'disconnection', 'message', 'ended', GONE]) {
    emitter.on(event, (data) => heard.push([event, data]))
  }
  return heard
}

describe('options that are refused', () => {
  const cases = [
    { name: 'no socket options', options: {}, error: 'AWS_IO_SOCKET_UNSUPPORTED_ADDRESS_FAMILY' },
    {
      name: 'TCP',
      options: { socketOptions: new io.SocketOptions() },
      error: 'AWS_IO_SOCKET_UNSUPPORTED_ADDRESS_FAMILY',
    },
    {
      name: 'datagrams',
      options: { socketOptions: new io.SocketOptions(io.SocketType.DGRAM, io.SocketDomain.LOCAL) },
      error: 'AWS_IO_SOCKET_UNSUPPORTED_ADDRESS_FAMILY',
    },
    { name: 'TLS', options: { socketOptions: local, tlsCtx: {} }, error: 'AWS_IO_SOCKET_INVALID_OPTIONS' },
  ]
  it.each(cases)('$name: $error', ({ options, error }) => {
    expect(() => new ClientConnection({ hostName: '/x', port: 0, ...options })).toThrow(error)
  })
})

describe('what is not allowed in a state', () => {
  it('a connection that is new can neither send nor open streams', async () => {
    const connection = new ClientConnection({ hostName: '/x', port: 0, socketOptions: local })
    expect(() => connection.newStream()).toThrow('connection is new')
    await expect(connection.sendProtocolMessage({ message: { type: MessageType.Ping } })).rejects.toThrow(
      'is new',
    )
  })

  it('connect() a second time', async () => {
    const { connection } = await open()
    await expect(connection.connect({})).rejects.toThrow('connection is connected')
  })

  it('after close() of the connection', async () => {
    const { connection } = await open()
    const stream = connection.newStream()
    connection.close()
    connection.close()
    expect(connection.isConnected()).toBe(false)
    expect(() => connection.newStream()).toThrow('connection is closed')
    await expect(stream.activate({ operation: 'x', message: application })).rejects.toThrow(
      'CONNECTION_CLOSED',
    )
  })

  it('streams: activate twice, send before and after', async () => {
    const { connection } = await open()
    const stream = connection.newStream()
    await expect(stream.sendMessage({ message: application })).rejects.toThrow('stream is new')
    await stream.activate({ operation: 'x', message: application })
    expect(stream.isActive()).toBe(true)
    await expect(stream.activate({ operation: 'x', message: application })).rejects.toThrow(
      'stream is active',
    )
    await stream.sendMessage({ message: { ...application, flags: MessageFlags.TerminateStream } })
    expect(stream.isActive()).toBe(false)
    await expect(stream.sendMessage({ message: application })).rejects.toThrow('stream is ended')
    stream.close()
    await expect(stream.sendMessage({ message: application })).rejects.toThrow('stream is closed')
  })
})

describe('events', () => {
  it('a stream ends once, after its messages, and is silent after close()', async () => {
    const { connection } = await open({
      operations: {
        x: (_, reply) => {
          reply.respond('R', { n: 1 })
          reply.respond('R', { n: 2 }, Flags.terminateStream)
          reply.end() // to a stream that has ended
        },
      },
    })
    const stream = connection.newStream()
    const heard = listen(stream)
    await stream.activate({ operation: 'x', message: application })
    await soon(() => expect(heard).toHaveLength(4))
    expect(heard.map(([event]) => event)).toEqual(['message', 'message', 'ended', GONE])
    connection.close()
    await sleep(5)
    expect(heard).toHaveLength(4)
  })

  it('close() of a stream: nothing more is heard of it, and what still comes for it does no harm', async () => {
    const { connection, server } = await open({
      operations: {
        x: (_, reply) => setImmediate(() => reply.respond('R', {})),
        y: (_, reply) => reply.respond('R', {}),
      },
    })
    const closed = connection.newStream()
    await closed.activate({ operation: 'x', message: application })
    closed.close()
    const heard = listen(closed)
    const other = connection.newStream()
    const heardByOther = listen(other)
    await other.activate({ operation: 'y', message: application })
    await soon(() => expect(heardByOther).toHaveLength(1))
    expect(server.received).toHaveLength(2)
    expect(heard).toEqual([])
    expect(connection.isConnected()).toBe(true)
  })

  it('a disconnection: streams first, then the connection, each once', async () => {
    const { connection, server } = await open()
    const stream = connection.newStream()
    await stream.activate({ operation: 'x', message: application })
    const order: unknown[][] = []
    const tell = (who: string) => (event: string) => () => order.push([who, event])
    for (const event of ['ended', 'message']) stream.on(event, tell('stream')(event))
    for (const event of ['disconnection', 'protocolMessage']) connection.on(event, tell('connection')(event))
    server.dropConnections()
    await soon(() => expect(order).toHaveLength(2))
    expect(order).toEqual([
      ['stream', 'ended'],
      ['connection', 'disconnection'],
    ])
  })

  it('what a nucleus says about a protocol error is kept as the cause', async () => {
    const { connection } = await open({
      operations: {
        x: (_, reply) => reply.bytes(encode({ type: Type.protocolError, payload: Buffer.from('too large') })),
      },
    })
    const stream = connection.newStream()
    const answer = cancel.newCancellablePromiseFromNextEvent({ emitter: stream, eventName: 'message' })
    await stream.activate({ operation: 'x', message: application })
    expect(await settlement(answer)).toMatchObject({
      error_name: 'AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR',
      cause: 'too large',
    })
  })
})

describe('bounds', () => {
  it('a message above the largest frame is refused, and the connection stays', async () => {
    const { connection } = await open()
    const stream = connection.newStream()
    const message = { ...application, payload: new Uint8Array(16 * 1024 * 1024) }
    await expect(stream.activate({ operation: 'x', message })).rejects.toThrow('FIELD_SIZE_EXCEEDED')
    expect(stream.isActive()).toBe(false)
    expect(connection.isConnected()).toBe(true)
  })

  it('a nucleus that does not read: what may wait is bounded, and waiting messages fail on close()', async () => {
    const { connection } = await open({ stopsReadingAfterConnect: true, onConnect: () => {} })
    await connection.sendProtocolMessage({ message: { type: MessageType.Connect, payload: '{}' } })
    const mebibyte = new Uint8Array(1024 * 1024)
    const message = { type: MessageType.PingResponse, payload: mebibyte }
    const sent = Array.from({ length: 20 }, () => settlement(connection.sendProtocolMessage({ message })))
    const refused = await Promise.race(sent)
    expect(refused).toMatchObject({ message: expect.stringContaining('does not read') })
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    connection.close()
    vi.advanceTimersByTime(1_000) // the last chance to be read
    const outcomes = await Promise.all(sent)
    expect(
      outcomes.filter((outcome) => String(outcome).includes('does not read')).length,
    ).toBeGreaterThanOrEqual(4)
    expect(
      outcomes.filter((outcome) => String(outcome).includes('AWS_IO_SOCKET_CLOSED')).length,
    ).toBeGreaterThan(10)
  })

  it('what was sent before close() is still delivered', async () => {
    const { connection, server } = await open()
    const message = { type: MessageType.PingResponse, payload: new Uint8Array(300_000) }
    for (let n = 0; n < 5; n++) void settlement(connection.sendProtocolMessage({ message }))
    connection.close()
    await soon(() => expect(server.received).toHaveLength(5))
  })
})

describe('cancellation', () => {
  const cancelled = () => {
    const controller = new cancel.CancelController()
    controller.cancel()
    controller.cancel()
    return controller
  }

  it('beforehand: nothing is done', async () => {
    const { connection, server } = await open()
    const stream = connection.newStream()
    const options = { cancelController: cancelled() }
    await expect(stream.activate({ operation: 'x', message: application, ...options })).rejects.toThrow(
      'cancelled',
    )
    await expect(stream.sendMessage({ message: application, ...options })).rejects.toThrow()
    const message = { type: MessageType.Connect } as const
    await expect(connection.sendProtocolMessage({ message, ...options })).rejects.toThrow('cancelled')
    const wait = { emitter: stream, eventName: 'message', cancelMessage: 'enough', ...options }
    await expect(cancel.newCancellablePromiseFromNextEvent(wait)).rejects.toThrow('enough')
    expect(server.received).toEqual([])
    const another = new ClientConnection({ hostName: server.socketPath, port: 0, socketOptions: local })
    await expect(another.connect(options)).rejects.toThrow('connect() was cancelled')
    await soon(() => expect(connection.isConnected()).toBe(false)) // as was asked for: cancelling closes
  })

  it('while waiting: rejects, and leaves no listener behind', async () => {
    const { connection } = await open()
    const stream = connection.newStream()
    const controller = new cancel.CancelController()
    const wait = { emitter: stream, eventName: 'message', cancelController: controller }
    const answers = [1, 2, 3].map(() => cancel.newCancellablePromiseFromNextEvent(wait))
    await stream.activate({ operation: 'x', message: application, cancelController: controller })
    expect(controller.hasBeenCancelled()).toBe(false)
    controller.cancel()
    expect(controller.hasBeenCancelled()).toBe(true)
    const outcomes = await Promise.all(answers.map(settlement))
    expect(outcomes.map(String)).toEqual(Array(3).fill('CrtError: cancelled'))
    expect(stream.eventNames()).toEqual([])
  })

  it('of connect() under way: rejects and closes', async () => {
    const server = await startEventStreamServer({})
    onTestFinished(() => server.close())
    const connection = new ClientConnection({ hostName: server.socketPath, port: 0, socketOptions: local })
    const controller = new cancel.CancelController()
    const connecting = connection.connect({ cancelController: controller })
    controller.cancel()
    await expect(connecting).rejects.toThrow('connect() was cancelled')
    await soon(() => expect(server.connectionCount()).toBe(0))
    expect(connection.isConnected()).toBe(false)
  })
})

it('a transformer that throws rejects the wait', async () => {
  const { connection } = await open({ operations: { x: (_, reply) => reply.respond('R', {}) } })
  const stream = connection.newStream()
  const answer = cancel.newCancellablePromiseFromNextEvent({
    emitter: stream,
    eventName: 'message',
    eventDataTransformer: () => {
      throw new Error('cannot read this')
    },
  })
  await stream.activate({ operation: 'x', message: application })
  await expect(answer).rejects.toThrow('cannot read this')
})
