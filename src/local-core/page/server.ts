/**
 * The live page's HTTP server: a handful of files and one stream of events, on the loopback address only.
 *
 * What it shows is what an attacker would like to know, and any web page that the same user has open can reach
 * 127.0.0.1. So: only requests whose `Host` is this server's own are answered (a name that an attacker lets point at
 * 127.0.0.1, "DNS rebinding", is not), nothing can be changed through it, no other origin may read or frame it, and
 * the page may load nothing but its own files.
 * Event stream: HTML Living Standard, "Server-sent events".
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Assets } from './assets.ts'
import { FEED_BYTES_MAX, type Feed } from './feed.ts'

export interface PageOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host: '127.0.0.1'
  readonly assets: Assets
  /** Shown once to each reader before the events. */
  readonly greeting?: object
  /** Readers at once; a forgotten script must not collect sockets without end. */
  readonly readersMax?: number
  /** Bytes that may wait for a reader who does not read; beyond it the reader is dropped and may come again. */
  readonly waitingBytesMax?: number
  readonly heartbeatMs?: number
}

export interface Page {
  readonly url: string
  close(): Promise<void>
}

const READERS_MAX = 16
/** The whole feed goes out at once to a new reader, in UTF-8; what comes on top of it is the reader's slowness. */
const WAITING_BYTES_MAX = 2 * FEED_BYTES_MAX
/** Well below a minute, after which some proxies and browsers think a silent connection dead. */
const HEARTBEAT_MS = 15_000
/** For the last events to reach those who read, at the end. */
const CLOSE_MS = 500

const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const

/** Rejects with the system's error when the port is taken (`code: 'EADDRINUSE'`). */
export async function startPage(options: PageOptions, feed: Feed): Promise<Page> {
  const readers = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
    answer(request, response, { options, feed, readers, port: portOf(server) })
  })
  await listen(server, options)
  const heartbeat = setInterval(() => {
    for (const reader of readers) reader.write(': still here\n\n')
  }, options.heartbeatMs ?? HEARTBEAT_MS)
  heartbeat.unref()

  return {
    url: `http://${options.host}:${portOf(server)}/`,
    close: () =>
      new Promise((resolve) => {
        clearInterval(heartbeat)
        for (const reader of readers) reader.end()
        // Who does not take the rest in time does not hold us up.
        const force = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
        server.close(() => {
          clearTimeout(force)
          resolve()
        })
      }),
  }
}

interface Context {
  readonly options: PageOptions
  readonly feed: Feed
  readonly readers: Set<ServerResponse>
  readonly port: number
}

function answer(request: IncomingMessage, response: ServerResponse, context: Context): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  const asset = context.options.assets.get(path)
  if (!isOwnHost(request.headers.host, context.port)) {
    refuse(response, 403, 'Unknown host')
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    refuse(response, 405, 'Only GET and HEAD')
  } else if (path === '/events') {
    streamEvents(request, response, context)
  } else if (asset === undefined) {
    refuse(response, 404, 'Not found')
  } else {
    response.setHeader('Content-Type', asset.contentType)
    response.setHeader('Content-Length', asset.body.length)
    // Node leaves the body out of the answer to HEAD.
    response.end(asset.body)
  }
}

function streamEvents(request: IncomingMessage, response: ServerResponse, context: Context): void {
  const { feed, options, readers } = context
  if (readers.size >= (options.readersMax ?? READERS_MAX)) {
    refuse(response, 503, 'Too many readers')
    return
  }
  response.setHeader('Content-Type', 'text/event-stream')
  response.setHeader('Connection', 'close')
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const send = (line: string): void => {
    response.write(`data: ${line}\n\n`)
    if (response.writableLength > (options.waitingBytesMax ?? WAITING_BYTES_MAX)) response.destroy()
  }
  readers.add(response)
  // A reader who comes back gets everything again, so it forgets first what it had.
  response.write('retry: 2000\nevent: reset\ndata: {}\n\n')
  if (options.greeting !== undefined) send(JSON.stringify(options.greeting))
  for (const line of feed.replay()) send(line)
  const unsubscribe = feed.subscribe(send)
  response.on('close', () => {
    unsubscribe()
    readers.delete(response)
  })
}

/** Browsers leave port 80 out. */
function isOwnHost(host: string | undefined, port: number): boolean {
  const suffix = port === 80 ? '' : `:${port}`
  return host === `127.0.0.1${suffix}` || host === `localhost${suffix}`
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

const listen = (server: Server, { port, host }: PageOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
