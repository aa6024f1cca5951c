/** What the tests of the transport share: answers for the scripted server, damage, and ways to observe. */
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { crc32 } from 'node:zlib'
import { onTestFinished, vi } from 'vitest'
import { Flags, type Handler } from '../../helpers/event-stream-server.ts'
import type { Sdk } from './sdk-bundle.ts'

export type Client = ReturnType<Sdk['createClient']>

/** Waits for what another process or thread brings about; the time-out is for machines under load. */
export const soon = (assertion: () => void) => vi.waitFor(assertion, { interval: 2, timeout: 4_000 })

/** The SDK's RpcError, as far as tests look at it. */
export interface RpcError extends Error {
  readonly type: number
  readonly internalError?: Error
  readonly serviceError?: unknown
}

export const base64 = (text: string) => Buffer.from(text).toString('base64')

export const answerEmpty: Handler = ({ operation }, reply) =>
  reply.respond(`${operation.replace('aws.greengrass#', '')}Response`, {}, Flags.terminateStream)

export const subscribed: Handler = (_, reply) => reply.respond('SubscribeToTopicResponse', {})

export const answerConfiguration =
  (value: unknown): Handler =>
  (_, reply) =>
    reply.respond('GetConfigurationResponse', { componentName: 'self', value }, Flags.terminateStream)

/** Negative positions count from the end. */
export function flipByte(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  const index = at < 0 ? copy.length + at : at
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}

/** A prelude that is right in itself: both lengths and their checksum. */
export function prelude(totalLength: number, headersLength = 0): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(totalLength, 0)
  bytes.writeUInt32BE(headersLength, 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8)
  return bytes
}

/** Collects what a streaming operation of the SDK emits. */
export function record(operation: unknown): { messages: unknown[]; ended: Promise<unknown> } {
  const stream = operation as ReturnType<Client['subscribeToTopic']>
  const messages: unknown[] = []
  stream.on('message', (message) => messages.push(message))
  return { messages, ended: new Promise((resolve) => stream.on('ended', resolve)) }
}

export async function rejectionOf(promise: Promise<unknown>): Promise<RpcError> {
  try {
    await promise
  } catch (error) {
    return error as RpcError
  }
  throw new Error('expected a rejection')
}

export const settlement = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => error,
  )

/** A socket file whose server was killed. */
export async function staleSocket(): Promise<string> {
  const path = join(tmpdir(), `stale-${process.pid}.sock`)
  await rm(path, { force: true })
  const server = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`
  await new Promise<void>((resolve) => execFile(process.execPath, ['-e', server], () => resolve()))
  onTestFinished(() => rm(path, { force: true }))
  return path
}

/** What JavaScript holds after a garbage collection: heap and buffers. */
export function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
