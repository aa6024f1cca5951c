/**
 * Stands between the agent and the nucleus's socket, passes every byte on, and hears the first answer: the ConnectAck, upon
 * which a client is connected (the event-stream RPC protocol of aws-c-event-stream).
 */
import { connect, createServer, type Socket } from 'node:net'

export interface Relay {
  close(): Promise<void>
}

export async function openRelay(path: string, nucleusPath: string, onAnswer: () => void): Promise<Relay> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const nucleus = connect(nucleusPath)
    nucleus.once('data', onAnswer)
    for (const [from, to] of [
      [client, nucleus],
      [nucleus, client],
    ] as const) {
      open.add(from)
      from.on('error', () => {}) // 'close' follows
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
