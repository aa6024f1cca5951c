/** The SDK's client over our transport in a process of its own: what it loads, and that nothing keeps it alive. */
import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { GOOD_TOKEN, type ServerScript, startEventStreamServer } from '../../helpers/event-stream-server.ts'
import { bundleOurs } from './sdk-bundle.ts'
import { answerEmpty } from './tools.ts'

vi.setConfig({ testTimeout: 15_000 }) // processes, on machines under load

let ours: Awaited<ReturnType<typeof bundleOurs>>
beforeAll(async () => {
  ours = await bundleOurs()
})
afterAll(() => ours.remove())

it('asks for nothing but what is built into Node', async () => {
  const output = await runNode(`
    const Module = require('node:module')
    const load = Module._load
    const foreign = []
    Module._load = (id, ...rest) => {
      if (!Module.isBuiltin(id) && id !== process.env.BUNDLE) foreign.push(id)
      return load(id, ...rest)
    }
    const { createClient } = require(process.env.BUNDLE)
    console.log(typeof createClient, foreign)`)
  expect(output).toBe('function []\n')
})

describe('the process ends after close()', () => {
  const cases: { name: string; script: ServerScript; work: string }[] = [
    {
      name: 'when all is answered',
      script: { operations: { UpdateState: answerEmpty } },
      work: `await client.updateState({ state: 'RUNNING' })`,
    },
    {
      name: 'when the server keeps its side open',
      script: { keepsOpen: true, operations: { UpdateState: answerEmpty } },
      work: `await client.updateState({ state: 'RUNNING' })`,
    },
    {
      name: 'when a call is still waiting',
      script: { keepsOpen: true },
      work: `client.updateState({ state: 'RUNNING' }).catch(() => {})`,
    },
    {
      name: 'when the server stopped reading',
      script: { keepsOpen: true, stopsReadingAfterConnect: true },
      work: `client.publishToIoTCore({ topicName: 't', qos: '1', payload: Buffer.alloc(4_000_000) }).catch(() => {})`,
    },
  ]
  it.each(cases)('$name', async ({ script, work }) => {
    const server = await startEventStreamServer(script)
    onTestFinished(() => server.close())
    const program = `(async () => {
      const client = require(process.env.BUNDLE).createClient()
      await client.connect()
      ${work}
      await client.close()
      console.log('closed')
    })()`
    expect(await runNode(program, server.socketPath)).toBe('closed\n')
  })
})

/** Gives what the program prints; rejects unless it ends by itself, soon, and with code 0. */
function runNode(program: string, socketPath = ''): Promise<string> {
  const env = {
    BUNDLE: ours.file,
    AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socketPath,
    SVCUID: GOOD_TOKEN,
  }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['-e', program], { env, timeout: 14_000 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    )
  })
}
