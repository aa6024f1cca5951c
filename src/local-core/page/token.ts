/**
 * The secret in the page's address. Whoever may open a socket to 127.0.0.1, any user of the machine and any page in a
 * browser, would otherwise read what this machine listens on and talks to.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 128 bits: nobody guesses it in the lifetime of a machine. */
const TOKEN_BYTES = 16
/** As long as a new one, in base64url; a shorter one somebody has thought up. */
export const TOKEN_CHARACTERS_MIN = 22

export const newToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')

/** What a request's `Authorization` gives as a bearer token (RFC 6750, 2.1); undefined for anything else. */
export const bearerToken = (authorization: string | undefined): string | undefined =>
  /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? '')?.[1]

/** In a time that does not tell how much of it was right: what is compared are digests, always of the same length. */
export function isSameToken(given: string | undefined, token: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
