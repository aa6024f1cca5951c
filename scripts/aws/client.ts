/**
 * What all clients of AWS have in common: how they are opened, how long a call may take, how often it is tried, and how
 * pages of a list are joined. Each service's own adapter in this folder stands on it and loads its SDK client lazily:
 * one takes a third of a second to load.
 */
import { type AwsService, iamAction } from './actions.ts'
import { AwsProblem, toAwsProblem } from './problem.ts'

export interface AwsOptions {
  /** Of the shared configuration files, `~/.aws/config`. */
  readonly profile?: string
  readonly region?: string
  /** Instead of the services' own endpoints: one for all of them. */
  readonly endpoint?: string
}

/** Tries of one call, with the SDK's own growing pauses between: about 10 s in all when AWS throttles. The SDK's own
 * variable AWS_MAX_ATTEMPTS goes before. */
const ATTEMPTS_MAX = 6
const CONNECT_TIMEOUT_MS = 5000
/** The control planes answer within a second; a call beyond this is lost. */
const REQUEST_TIMEOUT_MS = 15_000
/** A list that never ends is a fault of the other side: a million core devices at a hundred a page end below. */
const PAGES_MAX = 10_000

/** @param requestTimeoutMs longer where a request carries a file */
export function clientConfig(options: AwsOptions, requestTimeoutMs = REQUEST_TIMEOUT_MS) {
  // The versions in use are pinned by the lock file: what later ones will ask of Node is nothing an operator can act on.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  return {
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(process.env.AWS_MAX_ATTEMPTS ? {} : { maxAttempts: ATTEMPTS_MAX }),
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  }
}

/** What is opened for some work is closed after it. */
export async function withOpen<Door extends { close(): void }, T>(
  opening: Promise<Door>,
  work: (door: Door) => Promise<T>,
): Promise<T> {
  const door = await opening
  try {
    return await work(door)
  } finally {
    door.close()
  }
}

/** The service's way to make a call, with every failure as an `AwsProblem`. */
export interface AwsCalls {
  readonly region: string
  call<T>(operation: string, send: () => Promise<T>): Promise<T>
  /** `undefined` where AWS knows of no such thing. */
  find<T>(operation: string, send: () => Promise<T>): Promise<T | undefined>
  /** All pages of a list. */
  list<T>(
    operation: string,
    send: (page: Page) => Promise<{ nextToken?: string | undefined }>,
    entriesOf: (answer: never) => readonly T[] | undefined,
  ): Promise<readonly T[]>
}

interface Page {
  readonly nextToken?: string
  readonly maxResults: number
}

/**
 * Throws an `AwsProblem` when no region is known.
 * @param pageSize the most that a page of the service's lists holds, by its API reference
 */
export async function callsOf(
  service: AwsService,
  client: { readonly config: { readonly region: () => Promise<string> } },
  options: AwsOptions,
  pageSize: number,
): Promise<AwsCalls> {
  const region = await client.config.region().catch((error: unknown) => {
    throw toAwsProblem(error, { ...options, service, operation: 'any', region: options.region ?? '' })
  })

  async function call<T>(operation: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (error) {
      throw toAwsProblem(error, { ...options, service, operation, region })
    }
  }

  return {
    region,
    call,

    find: async (operation, send) => {
      try {
        return await call(operation, send)
      } catch (error) {
        if (error instanceof AwsProblem && error.code === 'not-found') return undefined
        throw error
      }
    },

    list: async (operation, send, entriesOf) => {
      const entries = []
      let nextToken: string | undefined
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const position = nextToken === undefined ? {} : { nextToken }
        const answer = await call(operation, () => send({ ...position, maxResults: pageSize }))
        entries.push(...(entriesOf(answer as never) ?? []))
        if (!answer.nextToken) return entries
        nextToken = answer.nextToken
      }
      const action = iamAction(service, operation)
      throw new AwsProblem('other', action, `${action}: the list does not end`)
    },
  }
}
