/** Embedded cores in temporary directories, tiny recipes, and the real SDK's client on their sockets. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as greengrass from 'aws-iot-device-sdk-v2/dist/greengrasscoreipc.js'
import { onTestFinished } from 'vitest'
import type { LocalCoreEvent } from '../../src/local-core/events.ts'
import { type LocalCore, type LocalCoreOptions, startLocalCore } from '../../src/local-core/local-core.ts'

export type IpcClient = greengrass.Client

/** Two manifests, as the real recipe has: lite's first. `lifecycle` is YAML, indented as a block. */
export function recipe(lifecycle: string, configuration = '{}', liteLifecycle = lifecycle): string {
  const indented = (text: string) => text.trim().replaceAll('\n', '\n      ')
  return `
RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.Probe
ComponentVersion: 1.2.3
ComponentConfiguration:
  DefaultConfiguration: ${configuration}
Manifests:
  - Platform: { os: linux, runtime: aws_nucleus_lite }
    Lifecycle:
      ${indented(liteLifecycle)}
  - Platform: { os: linux }
    Lifecycle:
      ${indented(lifecycle)}
`
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lc-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export interface CoreUnderTest {
  readonly core: LocalCore
  readonly events: readonly LocalCoreEvent[]
  readonly directory: string
  /** The first event that the test accepts, waiting for it when it has not happened yet. */
  event<T extends LocalCoreEvent>(test: (event: LocalCoreEvent) => event is T): Promise<T>
  event(test: (event: LocalCoreEvent) => boolean): Promise<LocalCoreEvent>
  state(state: string): Promise<Extract<LocalCoreEvent, { event: 'component' }>>
  /** A connected client of the real SDK; closed at the end of the test. */
  client(): Promise<IpcClient>
}

/** A core with the recipe's text; stopped at the end of the test, in which it must not have leaked anything. */
export async function startCore(
  recipeText: string,
  options: Partial<LocalCoreOptions> & Pick<LocalCoreOptions, 'mode'>,
): Promise<CoreUnderTest> {
  const directory = await temporaryDirectory()
  const recipePath = join(directory, 'recipe.yaml')
  await writeFile(recipePath, recipeText)
  const events: LocalCoreEvent[] = []
  const listeners = new Set<(event: LocalCoreEvent) => void>()
  const core = await startLocalCore(
    { recipePath, decompressedPath: directory, rootDirectory: directory, thingName: 'probe-1', ...options },
    (event) => {
      events.push(event)
      for (const listener of [...listeners]) listener(event)
    },
  )
  onTestFinished(() => core.stop())
  const event = (test: (event: LocalCoreEvent) => boolean) =>
    new Promise<LocalCoreEvent>((resolve) => {
      const past = events.find(test)
      if (past !== undefined) return resolve(past)
      const listener = (next: LocalCoreEvent) => {
        if (!test(next)) return
        listeners.delete(listener)
        resolve(next)
      }
      listeners.add(listener)
    })
  const state = (wanted: string) =>
    event((next) => next.event === 'component' && next.state === wanted) as Promise<
      Extract<LocalCoreEvent, { event: 'component' }>
    >
  const client = async () => {
    const connected = await connect(core.socketPath, core.issueToken())
    onTestFinished(() => connected.close())
    return connected
  }
  return { core, events, directory, event: event as CoreUnderTest['event'], state, client }
}

/** As a component does it: the SDK takes the socket and the token from the environment. */
export async function connect(socketPath: string, token: string): Promise<IpcClient> {
  process.env.AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT = socketPath
  process.env.SVCUID = token
  const client = greengrass.createClient()
  delete process.env.AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT
  delete process.env.SVCUID
  await client.connect()
  return client
}

/** What a failed call of the SDK tells: its own kind of error, and the service's. */
export interface RpcFailure {
  readonly type: number
  readonly serviceError?: {
    readonly _errorCode?: string
    readonly _message?: string
    readonly message?: string
  }
}

/** RpcErrorType of the SDK, as far as it is met here. */
export const rpcErrorType = { handshake: 2, internal: 3, network: 5, service: 8 } as const

export async function failureOf(call: Promise<unknown>): Promise<RpcFailure> {
  try {
    await call
  } catch (error) {
    return error as RpcFailure
  }
  throw new Error('the call succeeded')
}

/** Messages of a stream as they come, each handed out once. */
export class Inbox<T> {
  readonly #messages: T[] = []
  readonly #waiting: ((message: T) => void)[] = []

  /** How many have come that nobody has taken. */
  get size(): number {
    return this.#messages.length
  }

  readonly add = (message: T) => {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#messages.push(message)
    else waiting(message)
  }

  async next(): Promise<T> {
    return this.#messages.shift() ?? new Promise((resolve) => this.#waiting.push(resolve))
  }
}

/** One round through the event loop's timers and sockets: what was sent before has arrived by then. */
export const settled = () => new Promise((resolve) => setTimeout(resolve, 20))
