/**
 * The live page's HTTP server: a handful of files, one stream of events, and the routes that it is given, on the loopback
 * address only.
 *
 * What it shows is what an attacker would like to know, and any web page that the same user has open can reach
 * 127.0.0.1: who may ask for what is in `guard.ts`. No other origin may read or frame it, and the page may load nothing
 * but its own files.
 * Event stream: HTML Living Standard, "Server-sent events".
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Assets } from './assets.ts'
import { FEED_BYTES_MAX, type Feed } from './feed.ts'
import { refusalOf } from './guard.ts'
import { BadRequest, type Route, type Routes, readJson } from './route.ts'

export interface PageOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host: '127.0.0.1'
  readonly assets: Assets
  /** What a request for anything but the page's files must bear. */
  readonly token: string
  readonly routes?: Routes
  /** Shown once to each reader before the events; asked for anew each time. */
  readonly greeting?: () => object
  /** Readers at once; a forgotten script must not collect sockets without end. */
  readonly readersMax?: number
  /** Bytes that may wait for a reader who does not read; beyond it the reader is dropped and may come again. */
  readonly waitingBytesMax?: number
  readonly heartbeatMs?: number
}

export interface Page {
  /** With the token behind `#`, which a browser does not send and keeps out of `Referer`. */
  readonly url: string
  close(): Promise<void>
}

const EVENTS = '/events'
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
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'",
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
    url: `http://${options.host}:${portOf(server)}/#token=${options.token}`,
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
  const { options, port } = context
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  const asset = options.assets.get(path)
  const route = options.routes?.get(path)
  const refusal = refusalOf(request, { port, token: options.token, isPublic: asset !== undefined })
  const methods = route?.method === 'POST' ? ['POST'] : ['GET', 'HEAD']
  if (refusal !== undefined) {
    if (refusal.status === 401) response.setHeader('WWW-Authenticate', 'Bearer')
    refuse(response, refusal.status, refusal.text)
  } else if (asset === undefined && route === undefined && path !== EVENTS) {
    refuse(response, 404, 'Not found')
  } else if (!methods.includes(request.method ?? '')) {
    response.setHeader('Allow', methods.join(', '))
    refuse(response, 405, `Only ${methods.join(' and ')}`)
  } else if (route !== undefined) {
    void answerRoute(request, response, route)
  } else if (asset === undefined) {
    streamEvents(request, response, context)
  } else {
    response.setHeader('Content-Type', asset.contentType)
    response.setHeader('Content-Length', asset.body.length)
    // Node leaves the body out of the answer to HEAD.
    response.end(asset.body)
  }
}

async function answerRoute(request: IncomingMessage, response: ServerResponse, route: Route): Promise<void> {
  try {
    const { status, contentType, text } = await route.answer(
      route.method === 'POST' ? await readJson(request) : undefined,
    )
    response.writeHead(status, { 'Content-Type': contentType })
    response.end(text)
  } catch (error) {
    // What is left of a body too long is not waited for.
    response.setHeader('Connection', 'close')
    const status = error instanceof BadRequest ? error.status : 500
    refuse(response, status, error instanceof Error ? error.message : String(error))
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
  if (options.greeting !== undefined) send(JSON.stringify(options.greeting()))
  for (const line of feed.replay()) send(line)
  const unsubscribe = feed.subscribe(send)
  response.on('close', () => {
    unsubscribe()
    readers.delete(response)
  })
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
