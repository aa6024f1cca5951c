/** The namespace `io` of `aws-crt`: which kind of socket to open. Numbers as in its type declarations. */

export const SocketType = { STREAM: 0, DGRAM: 1 } as const
export type SocketType = (typeof SocketType)[keyof typeof SocketType]

export const SocketDomain = { IPV4: 0, IPV6: 1, LOCAL: 2 } as const
export type SocketDomain = (typeof SocketDomain)[keyof typeof SocketDomain]

/**
 * The native class also takes a connect time-out and TCP keep-alive settings. A Unix socket has no use for them:
 * connect(2) succeeds or fails at once, and a dead peer is seen at once.
 */
export class SocketOptions {
  readonly type: SocketType
  readonly domain: SocketDomain

  constructor(type: SocketType = SocketType.STREAM, domain: SocketDomain = SocketDomain.IPV6) {
    this.type = type
    this.domain = domain
  }
}
