import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { loadAssets } from '../../../src/local-core/page/assets.ts'
import { createFeed, type Feed } from '../../../src/local-core/page/feed.ts'
import { jsonAnswer, type Routes } from '../../../src/local-core/page/route.ts'
import { type Page, type PageOptions, startPage } from '../../../src/local-core/page/server.ts'
import { createViewer, type ViewedEvent } from '../../../src/local-core/page/viewed-event.ts'
import { T0 } from './events.ts'

const STATIC = fileURLToPath(new URL('../../../src/local-core/page/static', import.meta.url))
const assets = await loadAssets(STATIC)
const TOKEN = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
const log = (line: string): ViewedEvent => createViewer()({ event: 'log', at: T0, stream: 'stdout', line })

const pages: Page[] = []
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()))
})

async function open(feed: Feed = createFeed(), over: Partial<PageOptions> = {}): Promise<URL> {
  const page = await startPage({ port: 0, host: '127.0.0.1', assets, token: TOKEN, ...over }, feed)
  pages.push(page)
  return new URL(page.url)
}

interface Asked {
  readonly method?: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** node:http rather than fetch, which would not let us lie about `Host`. With the token, unless told otherwise. */
async function ask(url: URL, path: string, { method = 'GET', host = url.host, headers, body }: Asked = {}) {
  const all = { Authorization: `Bearer ${TOKEN}`, ...headers, Host: host }
  const outgoing = request({ port: url.port, host: '127.0.0.1', path, method, headers: all })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { response, outgoing }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

/** Reads an event stream until it holds so many `data:` lines. */
async function readEvents(url: URL, count: number): Promise<string[]> {
  const { response, outgoing } = await ask(url, '/events')
  let text = ''
  for await (const chunk of response) {
    text += chunk
    if ([...text.matchAll(/^data: /gm)].length >= count && text.endsWith('\n\n')) break
  }
  outgoing.destroy()
  return text.split('\n\n').filter(Boolean)
}

/** The feed, and how many follow it. */
function countReaders(feed: Feed): { feed: Feed; readers: () => number } {
  let count = 0
  const subscribe: Feed['subscribe'] = (onLine) => {
    const unsubscribe = feed.subscribe(onLine)
    count++
    return () => {
      count--
      unsubscribe()
    }
  }
  return { feed: { ...feed, subscribe }, readers: () => count }
}

const routes: Routes = new Map([
  ['/echo', { method: 'POST', answer: (body: unknown) => jsonAnswer({ body }) }],
  ['/state', { method: 'GET', answer: () => jsonAnswer({ is: 'well' }) }],
  [
    '/fails',
    {
      method: 'GET',
      answer: () => {
        throw new Error('the disk is gone')
      },
    },
  ],
])

const post = (url: URL, body: string, headers: Readonly<Record<string, string>> = {}): Asked => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Origin: `http://${url.host}`, ...headers },
  body,
})

describe('what is refused', () => {
  const hosts = ['evil.example', 'evil.example:80', '127.0.0.1', 'localhost', '127.0.0.1:1', '[::1]:80']
  it.each(hosts)('403 for the host "%s"', async (host) => {
    const url = await open()
    const { response } = await ask(url, '/', { host })
    expect(response.statusCode).toBe(403)
    expect(await textOf(response)).not.toContain('<html')
  })

  it('403 for no host at all', async () => {
    const url = await open()
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.end('GET / HTTP/1.0\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toMatch(/^HTTP\/1\.1 403 /)
  })

  it('403 for a strange host on the event stream, too', async () => {
    const { response } = await ask(await open(), '/events', { host: 'evil.example' })
    expect(response.statusCode).toBe(403)
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('405 for %s', async (method) => {
    const url = await open()
    const { response } = await ask(url, '/', { method, headers: { Origin: `http://${url.host}` } })
    expect([response.statusCode, response.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  const paths = [
    '/index.html',
    '/../package.json',
    '/%2e%2e/package.json',
    '/tsconfig.json',
    '//style.css',
    '/panels/',
  ]
  it.each(paths)('404 for %s', async (path) => {
    const url = await open()
    const { response: got } = await ask(url, path)
    const { response: posted } = await ask(url, path, post(url, '{}'))
    expect([got.statusCode, posted.statusCode]).toEqual([404, 404])
  })

  const withoutToken = [
    { name: 'none', Authorization: '' },
    { name: 'a wrong one', Authorization: 'Bearer d3JvbmctdG9rZW4td3Jvbmc' },
    { name: 'its beginning', Authorization: `Bearer ${TOKEN.slice(0, -1)}` },
    { name: 'more than it', Authorization: `Bearer ${TOKEN}x` },
    { name: 'another scheme', Authorization: `Basic ${TOKEN}` },
  ]
  it.each(withoutToken)('401 for $name as the token', async ({ Authorization }) => {
    const url = await open(createFeed(), { routes })
    for (const path of ['/events', '/state', '/none']) {
      const { response } = await ask(url, path, { headers: { Authorization } })
      expect([path, response.statusCode, response.headers['www-authenticate']]).toEqual([path, 401, 'Bearer'])
    }
    const { response } = await ask(url, '/echo', post(url, '{}', { Authorization }))
    expect(response.statusCode).toBe(401)
  })

  it('401 for the token in the address: addresses are written down in many places', async () => {
    const { response } = await ask(await open(), `/events?token=${TOKEN}`, { headers: { Authorization: '' } })
    expect(response.statusCode).toBe(401)
  })

  const origins = ['http://evil.example', 'null', 'http://127.0.0.1', 'https://127.0.0.1:PORT', 'file://']
  it.each(origins)('403 for the origin %s, with the token', async (origin) => {
    const url = await open(createFeed(), { routes })
    const headers = { Origin: origin.replace('PORT', url.port) }
    const { response: got } = await ask(url, '/state', { headers })
    const { response: posted } = await ask(url, '/echo', post(url, '{}', headers))
    expect([got.statusCode, posted.statusCode]).toEqual([403, 403])
  })

  it('403 for a POST without any origin', async () => {
    const { response } = await ask(await open(createFeed(), { routes }), '/echo', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    })
    expect(response.statusCode).toBe(403)
  })

  it.each(['cross-site', 'same-site'])('403 for what a browser says is %s', async (site) => {
    const { response } = await ask(await open(), '/events', { headers: { 'Sec-Fetch-Site': site } })
    expect(response.statusCode).toBe(403)
  })

  const bodies = [
    { name: 'a form', type: 'application/x-www-form-urlencoded', body: 'a=1', status: 415 },
    { name: 'text', type: 'text/plain', body: '{}', status: 415 },
    { name: 'no JSON', type: 'application/json', body: '{', status: 400 },
    { name: 'too much', type: 'application/json', body: JSON.stringify('x'.repeat(300_000)), status: 413 },
  ]
  it.each(bodies)('$status for $name as the body', async ({ type, body, status }) => {
    const url = await open(createFeed(), { routes })
    const { response } = await ask(url, '/echo', post(url, body, { 'Content-Type': type }))
    expect(response.statusCode).toBe(status)
  })

  it('405 for the wrong method of a route', async () => {
    const url = await open(createFeed(), { routes })
    const { response: got } = await ask(url, '/echo')
    const { response: posted } = await ask(url, '/state', post(url, '{}'))
    expect([got.statusCode, got.headers.allow]).toEqual([405, 'POST'])
    expect([posted.statusCode, posted.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it('503 for one reader too many, and room again when one has gone', async () => {
    const url = await open(createFeed(), { readersMax: 1 })
    const first = await ask(url, '/events')
    const second = await ask(url, '/events')
    expect([first.response.statusCode, second.response.statusCode]).toEqual([200, 503])
    first.outgoing.destroy()
    await expect
      .poll(async () => {
        const again = await ask(url, '/events')
        again.outgoing.destroy()
        return again.response.statusCode
      })
      .toBe(200)
  })

  it('a port that is taken, with the system’s code', async () => {
    const url = await open()
    await expect(open(createFeed(), { port: Number(url.port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('what is served', () => {
  it('listens on 127.0.0.1 and says so', async () => {
    expect((await open()).href).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=/)
  })

  it('gives its own files to whoever asks: they hold nothing', async () => {
    for (const path of assets.keys()) {
      const { response } = await ask(await open(), path, { headers: { Authorization: '' } })
      expect(response.statusCode).toBe(200)
    }
  })

  it('answers its routes, and says what went wrong in one', async () => {
    const url = await open(createFeed(), { routes })
    const { response: state } = await ask(url, '/state')
    expect(await textOf(state)).toBe('{"is":"well"}\n')
    const { response: echo } = await ask(url, '/echo', post(url, '{"a":1}'))
    expect(await textOf(echo)).toBe('{"body":{"a":1}}\n')
    const { response: fails } = await ask(url, '/fails')
    expect([fails.statusCode, await textOf(fails)]).toEqual([500, 'the disk is gone\n'])
  })

  it.each(['localhost', '127.0.0.1'])('answers as %s', async (name) => {
    const url = await open()
    const { response } = await ask(url, '/?x=1', { host: `${name}:${url.port}` })
    expect(response.statusCode).toBe(200)
    expect(await textOf(response)).toContain('<html lang="en">')
  })

  it.each([...assets.keys(), '/events', '/none'])('%s comes with the strict headers', async (path) => {
    const { response, outgoing } = await ask(await open(), path)
    const policy = String(response.headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/)
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(response.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    })
    expect(response.headers).not.toHaveProperty('access-control-allow-origin')
    outgoing.destroy()
  })

  it('HEAD gives the length and no body', async () => {
    const { response } = await ask(await open(), '/style.css', { method: 'HEAD' })
    expect(Number(response.headers['content-length'])).toBe(assets.get('/style.css')?.body.length)
    expect(await textOf(response)).toBe('')
  })

  it('HEAD of the event stream ends', async () => {
    const { response } = await ask(await open(), '/events', { method: 'HEAD' })
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(await textOf(response)).toBe('')
  })
})

describe('the event stream', () => {
  it('begins with a reset and the greeting, replays, then goes on live', async () => {
    const feed = createFeed()
    feed.publish(log('before'))
    const url = await open(feed, { greeting: () => ({ event: 'next', steps: [] }) })
    const reading = readEvents(url, 4)
    await setImmediate()
    const timer = setInterval(() => feed.publish(log('after')), 5)
    const [reset, greeting, before, after] = await reading
    clearInterval(timer)
    expect(reset).toBe('retry: 2000\nevent: reset\ndata: {}')
    expect(greeting).toBe('data: {"event":"next","steps":[]}')
    expect(before).toContain('"line":"before"')
    expect(after).toContain('"line":"after"')
  })

  it('keeps an event in one line, whatever line ends its text holds', async () => {
    const feed = createFeed()
    const text = 'a\n\ndata: {"event":"core"}\r\n\u2028b'
    feed.publish(log(text))
    const [, event] = await readEvents(await open(feed), 2)
    expect(JSON.parse(String(event).slice('data: '.length)).line).toBe(text)
  })

  it('sends a heartbeat to a silent connection', async () => {
    const { response, outgoing } = await ask(await open(createFeed(), { heartbeatMs: 5 }), '/events')
    let text = ''
    for await (const chunk of response) {
      text += chunk
      if (text.includes(': still here')) break
    }
    outgoing.destroy()
    expect(text).toMatch(/\n\n: still here\n\n/)
  })

  it('drops a reader who does not read, and serves the others', async () => {
    const { feed, readers } = countReaders(createFeed({ events: 2, bytes: 1e6 }))
    const url = await open(feed, { waitingBytesMax: 256 * 1024 })
    const slow = connect(Number(url.port), '127.0.0.1')
    slow.on('error', () => {})
    slow.write(`GET /events HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`)
    slow.pause()
    const quick = await ask(url, '/events')
    let quickBytes = 0
    quick.response.on('data', (chunk: Buffer) => {
      quickBytes += chunk.length
    })
    await expect.poll(readers).toBe(2)
    let sent = 0
    const block = 'x'.repeat(64 * 1024)
    while (readers() > 1 && sent < 2000) {
      feed.publish(log(block))
      sent++
      await setImmediate()
    }
    expect(readers()).toBe(1)
    await expect.poll(() => quickBytes).toBeGreaterThanOrEqual(sent * block.length)
    slow.destroy()
    quick.outgoing.destroy()
  })

  it('close() sends what is still to send, then ends the stream', async () => {
    const feed = createFeed()
    const page = await startPage({ port: 0, host: '127.0.0.1', assets, token: TOKEN }, feed)
    const { response } = await ask(new URL(page.url), '/events')
    feed.publish(log('last words'))
    const [text] = await Promise.all([textOf(response), page.close()])
    expect(text).toContain('last words')
    await expect(ask(new URL(page.url), '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('close() does not wait for a reader who does not read', async () => {
    const feed = createFeed()
    const page = await startPage({ port: 0, host: '127.0.0.1', assets, token: TOKEN }, feed)
    const { response } = await ask(new URL(page.url), '/events')
    response.on('error', () => {})
    response.pause()
    for (let i = 0; i < 100; i++) feed.publish(log('x'.repeat(100_000)))
    await page.close()
  })
})
