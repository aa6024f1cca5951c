/** What the page's server answers besides its files and its events: one function for each path. */
import type { IncomingMessage } from 'node:http'

export interface Route {
  readonly method: 'GET' | 'POST'
  /** @param body of a POST: parsed JSON; undefined of a GET */
  readonly answer: (body: unknown) => Promise<Answer> | Answer
}

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

/** By path, each as a whole: no request can name anything else. */
export type Routes = ReadonlyMap<string, Route>

export const jsonAnswer = (value: unknown, status = 200): Answer => ({
  status,
  contentType: 'application/json; charset=utf-8',
  text: `${JSON.stringify(value)}\n`,
})

/** A security profile of the largest size that AWS takes, written with spaces. */
const BODY_BYTES_MAX = 256 * 1024

/** What cannot be done with what was sent; becomes the answer. */
export class BadRequest extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * The JSON of a request. Only what says that it is JSON: a form of another site, which asks nobody before it is sent,
 * cannot say so (Fetch standard, "CORS-safelisted request-header").
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new BadRequest(415, 'Only application/json')
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > BODY_BYTES_MAX) throw new BadRequest(413, `At most ${BODY_BYTES_MAX} bytes`)
    pieces.push(piece)
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'))
  } catch {
    throw new BadRequest(400, 'Not JSON')
  }
}
