/**
 * Stands between a client and a nucleus on Unix sockets, and does to the bytes that the nucleus sends what a socket may do
 * (cut them up), or what it never should (change one, stop in the middle of a frame).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ProxyFault {
  /** Sends no more than so many bytes at a time, each in a turn of the event loop of its own. */
  readonly pieceBytes?: number
  /** Inverts the lowest bit of the byte at this position, counted from when the fault was set. */
  readonly flipAt?: number
  /** Hangs up after so many bytes, counted likewise. */
  readonly cutAt?: number
}

export interface IpcProxy {
  readonly socketPath: string
  /** For all that comes from now on. */
  set(fault: ProxyFault): void
  close(): Promise<void>
}

export async function startIpcProxy(targetPath: string): Promise<IpcProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'proxy-'))
  const socketPath = join(folder, 'ipc.sock')
  const sockets = new Set<Socket>()
  let fault: ProxyFault = {}
  let position = 0

  const keep = (socket: Socket) => {
    sockets.add(socket)
    // One side that goes away takes the other with it, below.
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    const nucleus = createConnection(targetPath)
    for (const socket of [client, nucleus]) keep(socket)
    client.pipe(nucleus)
    client.on('close', () => nucleus.destroy())
    const forward = async () => {
      for await (const chunk of nucleus) {
        const { bytes, isCut } = damaged(chunk as Buffer, fault, position)
        position += bytes.length
        await writePieces(client, bytes, fault.pieceBytes)
        if (isCut) break
      }
      client.destroySoon()
    }
    forward().catch(() => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    socketPath,
    set: (next) => {
      fault = next
      position = 0
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function damaged(chunk: Buffer, fault: ProxyFault, position: number): { bytes: Buffer; isCut: boolean } {
  const { flipAt = -1, cutAt = Number.POSITIVE_INFINITY } = fault
  const isCut = position + chunk.length >= cutAt
  const bytes = Buffer.from(isCut ? chunk.subarray(0, cutAt - position) : chunk)
  const index = flipAt - position
  if (index >= 0 && index < bytes.length) bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index)
  return { bytes, isCut }
}

async function writePieces(socket: Socket, bytes: Buffer, pieceBytes = bytes.length): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    socket.write(bytes.subarray(at, at + pieceBytes))
    if (pieceBytes < bytes.length) await new Promise((resolve) => setImmediate(resolve))
  }
}
