/**
 * A stand-in for AWS IoT's control plane of Device Defender Detect: an HTTP server with state that the AWS SDK talks to
 * through its `endpoint`. Requests are checked against the service's own shapes, and so are the answers.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type AccessRules, checkAccess } from './access.ts'
import type { Account, Input } from './account.ts'
import { AwsError, invalid } from './error.ts'
import { errorOf, type Fault, Faults } from './faults.ts'
import { handlers } from './operations/table.ts'
import { readRequest } from './request.ts'
import { checkShape, type OperationName, operations } from './shapes.ts'

export interface AwsOptions {
  readonly region?: string
  readonly accountId?: string
  readonly thingGroups?: readonly string[]
  readonly pageMax?: number
  readonly nowMs?: () => number
}

export interface AwsCall {
  readonly operation: OperationName
  readonly input: Input
  /** The code of the error that it was answered with. */
  readonly failed?: string
}

export interface Aws {
  readonly endpoint: string
  readonly account: Account
  /** Every call that reached the service, in order. */
  readonly calls: AwsCall[]
  readonly deniedActions: Set<string>
  /** The operations that succeeded and changed something, since the beginning or since `calls` was emptied. */
  changes(): AwsCall[]
  fault(fault: Fault): void
  clearFaults(): void
  close(): Promise<void>
}

/** The credentials that the stand-in takes, and those that it finds expired. */
export const ACCESS_KEY = 'AKIAIOSFODNN7EXAMPLE'
export const EXPIRED_KEY = 'ASIAEXPIREDEXPIRED00'

const BODY_BYTES_MAX = 1024 * 1024

export async function startAws(options: AwsOptions = {}): Promise<Aws> {
  const account: Account = {
    accountId: options.accountId ?? '123456789012',
    region: options.region ?? 'eu-west-1',
    profiles: new Map(),
    customMetrics: new Map(),
    dimensions: new Map(),
    mitigationActions: new Map(),
    thingGroups: new Set(options.thingGroups),
    tags: new Map(),
    nowMs: options.nowMs ?? Date.now,
    pageMax: options.pageMax ?? 250,
  }
  const rules: AccessRules = {
    accessKeys: [ACCESS_KEY],
    expiredKeys: [EXPIRED_KEY],
    deniedActions: new Set(),
  }
  const calls: AwsCall[] = []
  const faults = new Faults()

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error))
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://aws')
    const body = await bodyOf(request)
    let operation: OperationName | undefined
    let input: Input = {}
    try {
      ;({ operation, input } = readRequest(request.method ?? '', url, body))
      checkAccess(account, rules, request.headers.authorization, operation)
      const effect = faults.take(operation)
      if (effect?.kind === 'error') throw errorOf(effect)
      if (effect?.kind === 'delay') await wait(effect.ms)
      if (effect?.kind === 'drop' && effect.when === 'before') {
        calls.push({ operation, input, failed: 'dropped' })
        response.destroy()
        return
      }
      const output = effect?.kind === 'answer' ? effect.output : perform(account, operation, input)
      calls.push({ operation, input })
      if (effect?.kind === 'drop') response.destroy()
      else answer(response, 200, output)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      if (operation !== undefined) calls.push({ operation, input, failed: error.code })
      answer(response, error.status, { message: error.message, ...error.members }, error.code)
    }
  }

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
    changes: () => calls.filter(({ operation, failed }) => failed === undefined && isChange(operation)),
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function perform(account: Account, operation: OperationName, input: Input): object {
  const problems = checkShape(operations[operation].input, input)
  if (problems.length > 0) {
    throw invalid(
      `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems.join('; ')}`,
    )
  }
  const handler = handlers[operation]
  if (handler === undefined) throw new Error(`${operation} has a shape but no handler`)
  // What is kept must not be the very objects of a request, nor what is answered those that are kept.
  const output = structuredClone(handler(account, structuredClone(input)))
  const faultsOfOurs = checkShape(operations[operation].output, output)
  if (faultsOfOurs.length > 0) throw new Error(`the answer to ${operation}: ${faultsOfOurs.join('; ')}`)
  return output
}

const isChange = (operation: OperationName) =>
  operations[operation].method !== 'GET' && operation !== 'ValidateSecurityProfileBehaviors'

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > BODY_BYTES_MAX) throw new Error(`a request of more than ${BODY_BYTES_MAX} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function answer(response: ServerResponse, status: number, body: object, errorType?: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-requestid': '00000000-0000-4000-8000-000000000000',
    ...(errorType === undefined ? {} : { 'x-amzn-errortype': errorType }),
  })
  response.end(JSON.stringify(body))
}
