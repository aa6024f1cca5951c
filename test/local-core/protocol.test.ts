/** The wire protocol below the SDK: what the server does with bytes that no SDK would send. */
import { connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  encodeFrame,
  type Frame,
  FrameReader,
  messageFlags,
  messageType,
} from '../../src/local-core/frames.ts'
import { modes } from '../../src/local-core/modes.ts'
import {
  type Operation,
  OperationError,
  streaming,
  unary,
} from '../../src/local-core/operations/operation.ts'
import { IpcServer } from '../../src/local-core/server.ts'
import { Inbox, settled, temporaryDirectory } from './helpers.ts'

const operations = new Map<string, Operation>([
  ['Echo', unary(({ request }) => request)],
  ['Refuse', unary(() => Promise.reject(new OperationError('ServiceError', 'no')))],
  ['Crash', unary(() => Promise.reject(new TypeError('a bug')))],
  [
    'Early',
    streaming(({ stream }) => {
      stream.send('Event', { n: 1 })
      stream.onClose(() => ended.push('Early'))
      return { first: true }
    }),
  ],
])
const ended: string[] = []

async function serve(mode: 'classic' | 'lite', directory?: string) {
  const socketPath = join(directory ?? (await temporaryDirectory()), 's')
  const server = await IpcServer.listen(socketPath, {
    mode: modes[mode],
    operations,
    authenticate: (token) => (token === 'good' ? 'com.example.Probe' : undefined),
    replyDelayMs: () => 0,
  })
  onTestFinished(() => server.close())
  return { server, socketPath }
}

async function raw(socketPath: string) {
  const socket = connectSocket(socketPath)
  const frames = new Inbox<Frame>()
  const reader = new FrameReader(1_000_000)
  socket.on('data', (chunk) => {
    for (const frame of reader.push(chunk)) frames.add(frame)
  })
  const closed = new Promise<'closed'>((resolve) => socket.on('close', () => resolve('closed')))
  await new Promise<void>((resolve) => socket.on('connect', resolve))
  onTestFinished(() => void socket.destroy())
  return { socket, frames, closed }
}

const message = (over: Partial<Frame>): Uint8Array =>
  encodeFrame({ type: 0, flags: 0, streamId: 0, headers: {}, payload: new Uint8Array(), ...over })
const connectFrame = (payload: string, version = '0.1.0') =>
  message({ type: messageType.connect, headers: { ':version': version }, payload: Buffer.from(payload) })
const call = (operation: string, payload = '{}', streamId = 1) =>
  message({ streamId, headers: { operation: `aws.greengrass#${operation}` }, payload: Buffer.from(payload) })
const json = (frame: Frame) => JSON.parse(Buffer.from(frame.payload).toString())

async function connected(mode: 'classic' | 'lite') {
  const { socketPath } = await serve(mode)
  const client = await raw(socketPath)
  client.socket.write(connectFrame('{"authToken":"good"}'))
  expect(await client.frames.next()).toMatchObject({
    type: 5,
    flags: messageFlags.connectionAccepted,
    streamId: 0,
  })
  return client
}

describe.each(['classic', 'lite'] as const)('%s: a refused handshake', (mode) => {
  test.each([
    { name: 'a wrong token', bytes: connectFrame('{"authToken":"bad"}') },
    { name: 'a token that is no text', bytes: connectFrame('{"authToken":7}') },
    { name: 'no JSON', bytes: connectFrame('good') },
    { name: 'another protocol version', bytes: connectFrame('{"authToken":"good"}', '0.2.0') },
    { name: 'a call before the handshake', bytes: call('Echo') },
  ])('$name', async ({ bytes }) => {
    const client = await raw((await serve(mode)).socketPath)
    client.socket.write(bytes)
    if (mode === 'classic') expect(await client.frames.next()).toMatchObject({ type: 5, flags: 0 })
    expect(await client.closed).toBe('closed')
    expect(client.frames.size).toBe(0)
  })
})

describe.each(['classic', 'lite'] as const)('%s: what ends the connection', (mode) => {
  const flipped = call('Echo')
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  test.each([
    { name: 'a bad CRC', bytes: flipped },
    { name: 'noise', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') },
    { name: 'a second handshake', bytes: connectFrame('{"authToken":"good"}') },
    { name: 'a call on stream 0', bytes: call('Echo', '{}', 0) },
    { name: 'too large a frame', bytes: message({ payload: Buffer.alloc(modes[mode].frameBytesMax) }) },
  ])('$name', async ({ bytes }) => {
    const client = await connected(mode)
    client.socket.write(bytes)
    client.socket.on('error', () => {}) // it may still be writing
    expect(await client.closed).toBe('closed')
  })
})

describe('responses', () => {
  test.each([
    { mode: 'classic', flags: messageFlags.terminateStream },
    { mode: 'lite', flags: 0 },
  ] as const)('$mode: a unary one has flags $flags', async ({ mode, flags }) => {
    const client = await connected(mode)
    client.socket.write(call('Echo', '{"a":1}', 7))
    const frame = await client.frames.next()
    expect(frame).toMatchObject({
      type: 0,
      flags,
      streamId: 7,
      headers: { 'service-model-type': 'aws.greengrass#EchoResponse', ':content-type': 'application/json' },
    })
    expect(json(frame)).toEqual({ a: 1 })
  })

  const serviceModel = 'service-model-type'
  test.each([
    { name: 'a modelled error', operation: 'Refuse', type: 'aws.greengrass#ServiceError', text: 'no' },
    { name: 'a bug', operation: 'Crash', type: undefined, text: 'InternalServerError' },
    {
      name: 'an unknown operation',
      operation: 'Other',
      type: undefined,
      text: 'Operation Other is not supported',
    },
  ])('classic: $name', async ({ operation, type, text }) => {
    const client = await connected('classic')
    client.socket.write(call(operation))
    const frame = await client.frames.next()
    expect(frame).toMatchObject({ type: messageType.applicationError, flags: 2 })
    expect(frame.headers[serviceModel]).toBe(type)
    expect(Buffer.from(frame.payload).toString()).toContain(text)
  })

  test.each([
    { name: 'a modelled error', operation: 'Refuse', message: 'no' },
    { name: 'a bug', operation: 'Crash', message: '' },
    { name: 'an unknown operation', operation: 'Other', message: '' },
    { name: 'bad JSON', operation: 'Echo', payload: '{', message: '' },
    {
      name: 'a response that does not fit',
      operation: 'Echo',
      payload: `["${'x'.repeat(9_890)}"]`,
      message: '',
    },
  ])('lite: $name', async ({ operation, payload, message: text }) => {
    const client = await connected('lite')
    client.socket.write(call(operation, payload))
    const frame = await client.frames.next()
    expect(frame.headers[serviceModel]).toBe('aws.greengrass#ServiceError')
    expect(json(frame)).toEqual({ _message: text, _errorCode: 'ServiceError' })
  })
})

describe('streams', () => {
  test('an event from within the handler comes after the response', async () => {
    const client = await connected('classic')
    client.socket.write(call('Early'))
    expect(await client.frames.next()).toMatchObject({
      flags: 0,
      headers: { 'service-model-type': 'aws.greengrass#EarlyResponse' },
    })
    expect(json(await client.frames.next())).toEqual({ n: 1 })
  })

  test.each([
    { name: 'its client', end: (socket: Socket) => socket.write(message({ streamId: 1, flags: 2 })) },
    { name: 'the connection', end: (socket: Socket) => socket.end() },
  ])('a stream is ended by $name', async ({ end }) => {
    const client = await connected('classic')
    client.socket.write(call('Early'))
    await client.frames.next()
    ended.length = 0
    end(client.socket)
    await settled()
    expect(ended).toEqual(['Early'])
  })

  test('the end of a stream that is not open is passed over', async () => {
    const client = await connected('lite')
    client.socket.write(message({ streamId: 9, flags: 2 }))
    client.socket.write(call('Echo', '{"still":"here"}', 10))
    expect(json(await client.frames.next())).toEqual({ still: 'here' })
  })

  test('classic answers a ping', async () => {
    const client = await connected('classic')
    client.socket.write(message({ type: messageType.ping, payload: Buffer.from('x') }))
    expect(await client.frames.next()).toMatchObject({
      type: messageType.pingResponse,
      payload: Uint8Array.from(Buffer.from('x')),
    })
  })

  test('calls in one write, and one call byte by byte', async () => {
    const client = await connected('classic')
    client.socket.write(Buffer.concat([call('Echo', '{"n":1}', 1), call('Echo', '{"n":2}', 2)]))
    expect([json(await client.frames.next()), json(await client.frames.next())]).toEqual([{ n: 1 }, { n: 2 }])
    client.socket.setNoDelay(true)
    for (const byte of call('Echo', '{"n":3}', 3)) client.socket.write(Uint8Array.of(byte))
    expect(json(await client.frames.next())).toEqual({ n: 3 })
  })
})

describe('the socket', () => {
  test('a path that unix(7) cannot hold is refused with its length', async () => {
    const listening = serve('classic', `/tmp/${'x'.repeat(110)}`)
    await expect(listening).rejects.toThrow('117 bytes, above the 107 of unix(7)')
  })

  test('one that a killed core left behind is replaced', async () => {
    const directory = await temporaryDirectory()
    await serve('classic', directory)
    const { socketPath } = await serve('classic', directory)
    const client = await raw(socketPath)
    client.socket.write(connectFrame('{"authToken":"good"}'))
    expect(await client.frames.next()).toMatchObject({ type: 5, flags: 1 })
  })
})
