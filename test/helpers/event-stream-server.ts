/**
 * A scriptable Greengrass IPC server for tests of the client side: Unix socket, AWS event-stream frames.
 * It frames with `@smithy/eventstream-codec`, so that nothing of the code under test checks itself.
 * Wire protocol: the event-stream RPC that nucleus and device SDKs speak (message types and flags below).
 *
 * The script decides everything: what to answer, in what pieces, damaged or not, or not at all.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventStreamCodec, type MessageHeaders } from '@smithy/eventstream-codec'

export const Type = {
  applicationMessage: 0,
  applicationError: 1,
  ping: 2,
  pingResponse: 3,
  connect: 4,
  connectAck: 5,
  protocolError: 6,
} as const

export const Flags = { none: 0, connectionAccepted: 1, terminateStream: 2 } as const

/** One frame, as received or to be sent. */
export interface Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly headers: MessageHeaders
  readonly payload: Buffer
}

interface Call {
  readonly operation: string
  readonly streamId: number
  /** The JSON of the request. */
  readonly request: unknown
}

/** What a script can do with the connection it was called on. */
interface Reply {
  /** The first answer on a stream. Classic terminates the stream of a request/response operation, lite does not. */
  respond(shape: string, body: unknown, flags?: number): void
  /** A later message on the same stream. */
  event(shape: string, body: unknown): void
  /** A modelled error; terminates the stream. */
  error(shape: string, body: unknown): void
  /** Any frame on this stream, built but not sent: to be cut, damaged, joined. */
  build(frame: Partial<Frame>): Buffer
  bytes(data: Buffer): void
  end(): void
  hangUp(): void
}

export type Handler = (call: Call, reply: Reply) => void

export interface ServerScript {
  /** Called with the auth token of the Connect message; the default accepts `GOOD_TOKEN` and hangs up on others. */
  readonly onConnect?: (token: string | undefined, reply: Reply) => void
  /** By operation name without its namespace. An operation that is not here is never answered. */
  readonly operations?: Readonly<Record<string, Handler>>
  /** `byte-by-byte` sends every byte in a write of its own, on its own turn of the event loop. */
  readonly writes?: 'whole' | 'byte-by-byte'
  /** Does not close its own side when the client closes its. */
  readonly keepsOpen?: boolean
  readonly stopsReadingAfterConnect?: boolean
}

export interface TestServer {
  readonly socketPath: string
  /** Every frame received, oldest first. */
  readonly received: Frame[]
  readonly connectionCount: () => number
  /** Hangs up on every client; the server goes on listening. */
  dropConnections(): void
  close(): Promise<void>
}

export const GOOD_TOKEN = 'svcuid-of-the-test'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)

export function encode(frame: Partial<Frame>): Buffer {
  const int = (value: number) => ({ type: 'integer', value }) as const
  const headers: MessageHeaders = {
    ':message-type': int(frame.type ?? Type.applicationMessage),
    ':message-flags': int(frame.flags ?? Flags.none),
    ':stream-id': int(frame.streamId ?? 0),
    ...frame.headers,
  }
  return Buffer.from(codec.encode({ headers, body: frame.payload ?? Buffer.alloc(0) }))
}

export async function startEventStreamServer(script: ServerScript): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'event-stream-'))
  const socketPath = join(folder, 'ipc.sock')
  const received: Frame[] = []
  const sockets = new Set<Socket>()

  const server = createServer({ allowHalfOpen: script.keepsOpen ?? false }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {}) // a client that went away mid-write: the scripts ask for it
    const write = script.writes === 'byte-by-byte' ? byteWriter(socket) : (data: Buffer) => socket.write(data)
    readFrames(socket, (frame) => {
      received.push(frame)
      if (script.stopsReadingAfterConnect) socket.pause()
      answer(script, frame, replyOn(frame.streamId, socket, write))
    })
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))

  const dropConnections = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    socketPath,
    received,
    connectionCount: () => sockets.size,
    dropConnections,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      dropConnections()
      await closed
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function answer(script: ServerScript, frame: Frame, reply: Reply): void {
  if (frame.type === Type.connect) {
    const { authToken } = JSON.parse(frame.payload.toString() || '{}') as { authToken?: string }
    const onConnect = script.onConnect ?? acceptGoodToken
    onConnect(authToken, reply)
    return
  }
  const operation = frame.headers.operation?.value
  if (typeof operation !== 'string') return // a later message on a stream, such as its end
  const call = { operation, streamId: frame.streamId, request: JSON.parse(frame.payload.toString()) }
  script.operations?.[operation.replace('aws.greengrass#', '')]?.(call, reply)
}

function acceptGoodToken(token: string | undefined, reply: Reply): void {
  if (token === GOOD_TOKEN) reply.bytes(encode({ type: Type.connectAck, flags: Flags.connectionAccepted }))
  else reply.hangUp()
}

function replyOn(streamId: number, socket: Socket, write: (data: Buffer) => void): Reply {
  const build = (frame: Partial<Frame>) => encode({ streamId, ...frame })
  const json = (type: number, shape: string, body: unknown, flags: number) =>
    write(
      build({
        type,
        flags,
        headers: {
          'service-model-type': { type: 'string', value: `aws.greengrass#${shape}` },
          ':content-type': { type: 'string', value: 'application/json' },
        },
        payload: Buffer.from(JSON.stringify(body)),
      }),
    )
  return {
    respond: (shape, body, flags = Flags.none) => json(Type.applicationMessage, shape, body, flags),
    event: (shape, body) => json(Type.applicationMessage, shape, body, Flags.none),
    error: (shape, body) => json(Type.applicationError, shape, body, Flags.terminateStream),
    build,
    bytes: write,
    end: () => write(build({ flags: Flags.terminateStream })),
    hangUp: () => socket.destroySoon(),
  }
}

function readFrames(socket: Socket, onFrame: (frame: Frame) => void): void {
  let pending: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    while (pending.length >= 4 && pending.length >= pending.readUInt32BE(0)) {
      const length = pending.readUInt32BE(0)
      onFrame(toFrame(pending.subarray(0, length)))
      pending = pending.subarray(length)
    }
  })
}

function toFrame(bytes: Buffer): Frame {
  const { headers, body } = codec.decode(bytes)
  const int = (name: string) => Number(headers[name]?.value)
  return {
    type: int(':message-type'),
    flags: int(':message-flags'),
    streamId: int(':stream-id'),
    headers,
    payload: Buffer.from(body),
  }
}

/** Writes queue behind each other; one byte, one turn of the event loop. */
function byteWriter(socket: Socket): (data: Buffer) => void {
  const queue: number[] = []
  let isRunning = false
  const step = () => {
    const byte = queue.shift()
    isRunning = byte !== undefined && !socket.destroyed
    if (!isRunning || byte === undefined) return
    socket.write(Buffer.of(byte))
    setImmediate(step)
  }
  return (data) => {
    queue.push(...data)
    if (!isRunning) step()
  }
}
