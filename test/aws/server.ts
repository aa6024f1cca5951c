/**
 * A stand-in for the parts of AWS that the commands use: one HTTP server with state that the AWS SDKs talk to through
 * their `endpoint`. Each service is a file of its own; credentials, permissions, faults on demand and the log of calls
 * are the same for all.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type AccessRules, checkCredentials, checkPermission, scopeOf } from './access.ts'
import { type Account, newAccount } from './account.ts'
import { AwsError } from './error.ts'
import { errorOf, type Fault, Faults } from './faults.ts'
import { refuseAsJson } from './rest-json.ts'
import type {
  Service,
  ServiceAnswer,
  ServiceCall,
  ServiceContext,
  ServiceFactory,
  ServiceRequest,
} from './service.ts'
import { defaultServices } from './services.ts'

export interface AwsOptions {
  readonly region?: string
  readonly accountId?: string
  readonly thingGroups?: readonly string[]
  readonly pageMax?: number
  readonly nowMs?: () => number
  /** Instead of all that there are. */
  readonly services?: readonly ServiceFactory[]
}

export interface AwsCall extends ServiceCall {
  /** Its signing name. */
  readonly service: string
  /** The code of the error that it was answered with. */
  readonly failed?: string
}

export interface Aws {
  readonly endpoint: string
  readonly account: Account
  /** Every call that reached a service, in order. */
  readonly calls: AwsCall[]
  readonly deniedActions: Set<string>
  /**
   * The operations that succeeded and changed something, since the beginning or since `calls` was emptied.
   * @param service the signing name of the only service wanted
   */
  changes(service?: string): Pick<AwsCall, 'operation' | 'input'>[]
  fault(fault: Fault): void
  clearFaults(): void
  /** Tells of each call after its work was done and before it is answered; returns what ends it. */
  onCall(listener: (call: AwsCall) => void): () => void
  close(): Promise<void>
}

/** The credentials that the stand-in takes, and those that it finds expired. */
export const ACCESS_KEY = 'AKIAIOSFODNN7EXAMPLE'
export const EXPIRED_KEY = 'ASIAEXPIREDEXPIRED00'

/** A part of a multipart upload is 8 MB here, an artifact in one piece at most that; the rest is room. */
const BODY_BYTES_MAX = 64 * 1024 * 1024

export async function startAws(options: AwsOptions = {}): Promise<Aws> {
  const account = newAccount(options)
  const rules: AccessRules = {
    accessKeys: [ACCESS_KEY],
    expiredKeys: [EXPIRED_KEY],
    deniedActions: new Set(),
  }
  const services = new Map(
    (options.services ?? defaultServices).map((create) => {
      const service = create(account)
      return [service.signingName, service]
    }),
  )
  const calls: AwsCall[] = []
  const faults = new Faults()
  const listeners = new Set<(call: AwsCall) => void>()

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error))
  })

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request: ServiceRequest = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '/', 'http://aws'),
      headers: incoming.headers,
      body: await bodyOf(incoming),
    }
    const answer = await answerTo(request)
    if (answer === undefined) {
      response.destroy()
      return
    }
    response.writeHead(answer.status, { ...REQUEST_ID, ...answer.headers })
    response.end(answer.body)
  }

  /** `undefined` where the connection is to end without one. */
  async function answerTo(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const scope = scopeOf(request.headers.authorization)
    const service = scope === undefined ? undefined : services.get(scope.service)
    const refuse = (error: AwsError) => service?.refuse(error) ?? refuseAsJson(error)
    try {
      checkCredentials(account, rules, scope)
      if (service === undefined) {
        throw new AwsError('InvalidSignatureException', `There is no service ${scope?.service} here`)
      }
      return await service.handle(request, contextFor(service))
    } catch (error) {
      if (error instanceof Dropped) return undefined
      if (error instanceof AwsError) return refuse(error)
      // A mistake of the stand-in's own, which the client's exception then tells of.
      return refuse(new AwsError('InternalFailureException', String((error as Error).stack)))
    }
  }

  const contextFor = ({ signingName }: Service): ServiceContext => ({
    perform: async (call, work) => {
      const record = (failed?: string) => {
        const made = { ...call, service: signingName, ...(failed === undefined ? {} : { failed }) }
        calls.push(made)
        for (const listener of listeners) listener(made)
      }
      try {
        checkPermission(account, rules, call.action ?? `${signingName}:${call.operation}`)
        const effect = faults.take(call.operation, signingName)
        if (effect?.kind === 'error') throw errorOf(effect)
        if (effect?.kind === 'delay') await wait(effect.ms)
        if (effect?.kind === 'drop' && effect.when === 'before') throw new Dropped()
        const output = effect?.kind === 'answer' ? (effect.output as never) : await work()
        record()
        if (effect?.kind === 'drop') throw new DroppedAfter()
        return output
      } catch (error) {
        if (error instanceof AwsError) record(error.code)
        else if (error instanceof Dropped && !(error instanceof DroppedAfter)) record('dropped')
        throw error
      }
    },
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    account,
    calls,
    deniedActions: rules.deniedActions,
    changes: (service) =>
      calls
        .filter((call) => call.failed === undefined && call.isChange)
        .filter((call) => service === undefined || call.service === service)
        .map(({ operation, input }) => ({ operation, input })),
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    onCall: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const REQUEST_ID = { 'x-amzn-requestid': '00000000-0000-4000-8000-000000000000' }

/** The connection is to end without an answer; nothing was done. */
class Dropped extends Error {}
/** The same, and the work was done. */
class DroppedAfter extends Dropped {}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > BODY_BYTES_MAX) throw new Error(`a request of more than ${BODY_BYTES_MAX} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
