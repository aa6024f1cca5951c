/**
 * The agent's own state for whoever is on the device: a file that is always whole, and a Unix socket that answers with the
 * state of the moment. Both hold one JSON document, `report/health.ts`, and are open to the agent's user and root alone:
 * it names ports, peers and profiles.
 *
 * The socket's protocol: connect, read to the end. What a client sends is not looked at.
 */
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { basename, dirname, join } from 'node:path'
import type { Health } from '../report/health.ts'
import { errorCode, nodeFiles, type StoreFiles } from './files.ts'
import type { StateWritten } from './state-file.ts'

/**
 * Writes the file beside and renames it, so that a reader has the old one or the new one (rename(2)). Not synced: after a
 * power loss there is a new state soon, and an SD card wears by the sync. Never throws for what a disk does.
 */
export async function writeStatus(
  path: string,
  health: Health,
  files: StoreFiles = nodeFiles,
): Promise<StateWritten> {
  const bytes = Buffer.from(statusText(health))
  const temporary = join(dirname(path), `.${basename(path)}.tmp`)
  try {
    await files.makeDirectory(dirname(path))
    const file = await files.openForWriting(temporary)
    try {
      await file.truncate(0)
      await file.write(bytes, 0)
    } finally {
      await file.close()
    }
    await files.rename(temporary, path)
    return { kind: 'written', bytes: bytes.length }
  } catch (error) {
    await files.remove(temporary).catch(() => undefined)
    return { kind: 'failed', code: errorCode(error), reason: reasonOf(error) }
  }
}

export interface StatusServer {
  /** Removes the socket's file too. */
  close(): Promise<void>
}

/** Who asks more often at once waits for nothing: the answer is short, and the agent's time is not theirs. */
const CLIENTS_MAX = 8

/** A client that does not read is let go. */
const CLIENT_MS_MAX = 5_000

/** Owner alone: of the permissions of a Unix socket, the right to write is the right to connect (unix(7)). */
const UMASK = 0o177

/**
 * Answers every connection with what `read` gives, or with nothing before there is a state. A socket that a killed process left behind is taken away; anything else
 * at that path is left alone, and an error says what it is.
 */
export async function serveStatus(socketPath: string, read: () => Health | undefined): Promise<StatusServer> {
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
    client.on('error', () => client.destroy())
    client.setTimeout(CLIENT_MS_MAX, () => client.destroy())
    client.resume()
    try {
      const health = read()
      client.end(health === undefined ? '' : statusText(health))
    } catch {
      // A client must not be able to end the agent, whatever state it asks for; it gets nothing and may ask again.
      client.destroy()
    }
  })
  server.maxConnections = CLIENTS_MAX
  server.unref()
  try {
    await listen(server, socketPath)
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') throw error
    await removeStale(socketPath)
    await listen(server, socketPath)
  }
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const client of clients) client.destroy()
      }),
  }
}

const statusText = (health: Health) => `${JSON.stringify(health)}\n`

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // Node binds within the call, so that there is no moment at which others could connect.
    const former = process.umask(UMASK)
    try {
      server.listen(path, () => {
        server.removeListener('error', reject)
        resolve()
      })
    } finally {
      process.umask(former)
    }
  })
}

async function removeStale(path: string): Promise<void> {
  if (!(await lstat(path)).isSocket()) throw new Error(`${path} is there already, and is not a socket`)
  if (await isServed(path)) throw new Error(`${path} is served by another process`)
  await unlink(path)
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    const answer = (is: boolean) => {
      probe.destroy()
      resolve(is)
    }
    probe.once('connect', () => answer(true))
    // ECONNREFUSED: nobody listens. Any other error leaves open who does, and the file is not ours to remove.
    probe.once('error', (error) => answer(errorCode(error) !== 'ECONNREFUSED'))
  })
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
