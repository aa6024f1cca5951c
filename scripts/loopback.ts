/**
 * Sockets that never leave this machine, for the attacks of `defender attack`: every address is refused that is not in
 * 127.0.0.0/8 (RFC 1122, 3.2.1.3: "MUST NOT appear outside a host").
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface OpenSocket {
  readonly port: number
  /** All that came in through it, too. */
  close(): Promise<void>
}

export interface Burst {
  readonly bytes: number
  readonly packets: number
}

export interface Loopback {
  /** A listener that accepts and reads on, and never answers; port 0 for any free one. */
  listen(host: string, port: number): Promise<OpenSocket>
  connect(host: string, port: number): Promise<OpenSocket>
  /** Sends so many bytes as datagrams to a socket of its own; fewer if `signal` ends it before. */
  burst(bytes: number, datagramBytes: number, signal: AbortSignal): Promise<Burst>
}

export const loopback: Loopback = { listen, connect: connectTo, burst }

/** Datagrams handed to the kernel before the event loop may do something else. */
const IN_FLIGHT_MAX = 64

function assertLoopback(host: string): void {
  if (!/^127(\.\d{1,3}){3}$/.test(host)) throw new Error(`${host} is not a loopback address`)
}

async function listen(host: string, port: number): Promise<OpenSocket> {
  assertLoopback(host)
  const peers = new Set<Socket>()
  const server = createServer((peer) => {
    peers.add(peer)
    peer.on('close', () => peers.delete(peer))
    peer.on('error', () => peer.destroy())
    peer.resume()
  })
  server.listen({ host, port, backlog: 511 })
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const peer of peers) peer.destroy()
      }),
  }
}

async function connectTo(host: string, port: number): Promise<OpenSocket> {
  assertLoopback(host)
  const socket = connect({ host, port })
  await once(socket, 'connect')
  socket.on('error', () => socket.destroy())
  socket.resume()
  return {
    port: socket.localPort ?? 0,
    close: async () => {
      socket.destroy()
      await once(socket, 'close')
    },
  }
}

async function burst(bytes: number, datagramBytes: number, signal: AbortSignal): Promise<Burst> {
  const sink = createSocket('udp4')
  const sender = createSocket('udp4')
  try {
    sink.bind(0, '127.0.0.1')
    await once(sink, 'listening')
    const { port } = sink.address()
    const datagram = Buffer.alloc(datagramBytes)
    const send = (length: number) =>
      new Promise<void>((resolve, reject) => {
        sender.send(datagram, 0, length, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()))
      })
    let sent = 0
    let packets = 0
    while (sent < bytes && !signal.aborted) {
      const lengths: number[] = []
      for (let left = bytes - sent; left > 0 && lengths.length < IN_FLIGHT_MAX; left -= datagramBytes) {
        lengths.push(Math.min(left, datagramBytes))
      }
      await Promise.all(lengths.map(send))
      sent += lengths.reduce((sum, length) => sum + length, 0)
      packets += lengths.length
      // Promises alone would not let a signal in.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { bytes: sent, packets }
  } finally {
    sender.close()
    sink.close()
  }
}
