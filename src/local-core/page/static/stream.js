/**
 * The server's events, read for as long as the page is open: after a break the stream is opened again and begins with all
 * that the server has kept. It is read by `fetch`, since an EventSource sends no Authorization.
 * Source: HTML Living Standard, "Server-sent events"; this server writes `data:` and `event:` in single lines.
 */

const RETRY_MS = 2000
/** The server says something each 15 s; a silence so long is a dead connection. */
const SILENCE_MS_MAX = 45_000

/**
 * @typedef {object} Listener
 * @property {() => void} onReset all that was known is told again from here
 * @property {(event: Record<string, any>) => void} onEvent
 * @property {(why: 'lost' | 'refused') => void} onBreak `refused`: the token is not of this run
 */

/** @param {(signal: AbortSignal) => Promise<Response>} open @param {Listener} listener */
export async function followEvents(open, listener) {
  for (;;) {
    try {
      const abort = new AbortController()
      const response = await open(abort.signal)
      if (response.ok && response.body !== null) await readAll(response.body, abort, listener)
      listener.onBreak(response.status === 401 ? 'refused' : 'lost')
    } catch {
      listener.onBreak('lost')
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} body @param {AbortController} abort @param {Listener} listener */
async function readAll(body, abort, listener) {
  const take = createParser(({ event, data }) => {
    if (event === 'reset') listener.onReset()
    else listener.onEvent(JSON.parse(data))
  })
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let silence = 0
  for (;;) {
    clearTimeout(silence)
    silence = setTimeout(() => abort.abort(), SILENCE_MS_MAX)
    const { done, value } = await reader.read()
    if (done) break
    take(value)
  }
  clearTimeout(silence)
}

/**
 * Puts the pieces of a stream together to messages.
 * @param {(message: {event: string, data: string}) => void} onMessage
 * @returns {(text: string) => void}
 */
export function createParser(onMessage) {
  let rest = ''
  return (text) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      let event = 'message'
      let data = ''
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) event = line.slice('event: '.length)
        if (line.startsWith('data: ')) data = line.slice('data: '.length)
      }
      if (data !== '') onMessage({ event, data })
    }
  }
}
