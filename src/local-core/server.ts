/**
 * The nucleus's IPC socket: accepts connections and hands each to a `Connection`.
 * The socket file is open to all users, as the nuclei leave it: the token decides, not the file's mode.
 */
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { Connection, type ConnectionOptions } from './connection.ts'

/** sizeof(sun_path) in unix(7) is 108, with the closing NUL. */
const SOCKET_PATH_BYTES_MAX = 107

export class IpcServer {
  readonly #server: Server
  readonly #connections: Set<Connection>

  private constructor(server: Server, connections: Set<Connection>) {
    this.#server = server
    this.#connections = connections
  }

  static async listen(socketPath: string, options: ConnectionOptions): Promise<IpcServer> {
    const length = Buffer.byteLength(socketPath)
    if (length > SOCKET_PATH_BYTES_MAX) {
      throw new Error(
        `socket path ${socketPath}: ${length} bytes, above the ${SOCKET_PATH_BYTES_MAX} of unix(7)`,
      )
    }
    await rm(socketPath, { force: true }) // left by a core that was killed
    const connections = new Set<Connection>()
    const server = createServer((socket) => {
      const connection = new Connection(socket, options)
      connections.add(connection)
      socket.on('close', () => connections.delete(connection))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(socketPath, () => {
        server.off('error', reject)
        resolve()
      })
    })
    await chmod(socketPath, 0o666)
    return new IpcServer(server, connections)
  }

  /** Drops every connection; new ones are still accepted. */
  disconnect(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  /** Drops every connection and removes the socket. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.disconnect()
    })
  }
}
