/**
 * Who may ask the page's server for what. Any web page that the same user has open can send requests to 127.0.0.1, and a
 * name that an attacker lets point there ("DNS rebinding") makes them look like the attacker's own. So `Host` must be this
 * server's own, an `Origin` must be the same, and all that is not one of the page's own files takes the token.
 *
 * Sources: Fetch standard, "Origin header" (sent with every POST of a browser); Fetch Metadata, `Sec-Fetch-Site`.
 */
import type { IncomingMessage } from 'node:http'
import { bearerToken, isSameToken } from './token.ts'

export interface Refusal {
  readonly status: 401 | 403
  readonly text: string
}

export interface Wanted {
  readonly port: number
  readonly token: string
  /** The page's own files hold nothing that is not public. */
  readonly isPublic: boolean
}

export function refusalOf(request: IncomingMessage, { port, token, isPublic }: Wanted): Refusal | undefined {
  const { host, origin, authorization } = request.headers
  if (!isOwnHost(host, port)) return { status: 403, text: 'Unknown host' }
  if (!isOwnOrigin(origin, host, request.method)) return { status: 403, text: 'Unknown origin' }
  if (isFromElsewhere(request.headers['sec-fetch-site'], isPublic)) {
    return { status: 403, text: 'Not from another site' }
  }
  if (isPublic || isSameToken(bearerToken(authorization), token)) return undefined
  return { status: 401, text: 'The token is missing or wrong: it stands in the address of the page' }
}

/** Browsers leave port 80 out. */
function isOwnHost(host: string | undefined, port: number): boolean {
  const suffix = port === 80 ? '' : `:${port}`
  return host === `127.0.0.1${suffix}` || host === `localhost${suffix}`
}

/** A GET has none where it is not from a script of another origin; what changes something has to have one. */
function isOwnOrigin(
  origin: string | undefined,
  host: string | undefined,
  method: string | undefined,
): boolean {
  if (origin === undefined) return method === 'GET' || method === 'HEAD'
  return origin === `http://${host}`
}

/** A link to the page on another site may be followed; nothing else of it may be used there. */
const isFromElsewhere = (site: string | string[] | undefined, isPublic: boolean): boolean =>
  site !== undefined && site !== 'same-origin' && site !== 'none' && !isPublic
