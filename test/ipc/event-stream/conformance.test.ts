/**
 * The same scenarios over both transports below the device SDK's client: what holds for the native one must hold for
 * ours. Where they are meant to differ, the expectation is a row of `transports`, with the reason beside it.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  encode,
  Flags,
  GOOD_TOKEN,
  type Handler,
  type ServerScript,
  startEventStreamServer,
  type TestServer,
  Type,
} from '../../helpers/event-stream-server.ts'
import { bundleOurs, loadNative, type Sdk } from './sdk-bundle.ts'
import {
  answerConfiguration,
  answerEmpty,
  base64,
  type Client,
  flipByte,
  prelude,
  record,
  rejectionOf,
  settlement,
  soon,
  staleSocket,
  subscribed,
  usedBytes,
} from './tools.ts'

/** The model's enumerations are the same strings whatever is below. */
const { ConfigurationValidityStatus, QOS, ReportedLifecycleState } = loadNative().model
const RUNNING = { state: ReportedLifecycleState.RUNNING }

/** RpcErrorType of the SDK's eventstream_rpc. */
const RpcErrorType = { handshake: 2, internal: 3, clientState: 4, network: 5, validation: 7, service: 8 }

let ours: Awaited<ReturnType<typeof bundleOurs>>
beforeAll(async () => {
  ours = await bundleOurs()
})
afterAll(() => ours.remove())

const transports = [
  {
    transport: 'native',
    load: loadNative,
    /** aws-crt now and then never tells that a stream is active: what waits for it is tried again. */
    retry: 2,
    /** aws-crt has no hook from a disconnection to the promise of a response: it stays pending for ever. */
    settlesPendingCalls: false,
    /** It closes in another thread than the one that hands over the refusal, and which is seen first is chance. */
    refusedThenClosed: [RpcErrorType.handshake, RpcErrorType.network],
    /** aws-crt leaves pings to the SDK, and the SDK does not listen for them. */
    answersPing: false,
    /** It tells only of a loss: a bound that is exceeded leaves it waiting for bytes that never come. */
    refusesOversize: false,
  },
  {
    transport: 'ours',
    load: () => ours.load(),
    retry: 0,
    settlesPendingCalls: true,
    refusedThenClosed: [RpcErrorType.handshake],
    answersPing: true,
    refusesOversize: true,
  },
]

for (const transport of transports)
  describe(transport.transport, { retry: transport.retry }, () => {
    let sdk: Sdk
    beforeAll(() => {
      sdk = transport.load()
    })
    afterEach(() => {
      vi.unstubAllEnvs()
    })

    /** A client with the environment that a nucleus gives to its components. Not yet connected. */
    function newClient(socketPath: string, token = GOOD_TOKEN): Client {
      vi.stubEnv('AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT', socketPath)
      vi.stubEnv('SVCUID', token)
      const client = sdk.createClient()
      onTestFinished(() => client.close())
      return client
    }

    async function start(script: ServerScript): Promise<TestServer> {
      const server = await startEventStreamServer(script)
      onTestFinished(() => server.close())
      return server
    }

    async function connected(script: ServerScript): Promise<{ client: Client; server: TestServer }> {
      const server = await start(script)
      const client = newClient(server.socketPath)
      await client.connect()
      return { client, server }
    }

    describe('connecting', () => {
      const refusals = [
        { name: 'hung up on', onConnect: (_, reply) => reply.hangUp(), types: [RpcErrorType.network] },
        {
          name: 'refused and left open',
          onConnect: (_, reply) => reply.bytes(encode({ type: Type.connectAck })),
          types: [RpcErrorType.handshake],
        },
        {
          name: 'refused and closed, as the classic nucleus does',
          onConnect: (_, reply) => {
            reply.bytes(encode({ type: Type.connectAck }))
            reply.hangUp()
          },
          types: transport.refusedThenClosed,
        },
        {
          name: 'answered with a protocol error',
          onConnect: (_, reply) => reply.bytes(encode({ type: Type.protocolError })),
          types: [RpcErrorType.network],
        },
        {
          name: 'answered in another protocol',
          onConnect: (_, reply) => reply.bytes(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
          types: [RpcErrorType.network],
        },
        {
          name: 'answered on a stream that was never opened',
          onConnect: (_, reply) => reply.bytes(encode({ streamId: 1 })),
          types: [RpcErrorType.network],
        },
      ] satisfies { name: string; onConnect: ServerScript['onConnect']; types: number[] }[]

      it.each(refusals)('$name: rejects', async ({ onConnect, types }) => {
        const server = await start({ onConnect })
        const error = await rejectionOf(newClient(server.socketPath).connect())
        expect(types).toContain(error.type)
      })

      const noServers = [
        {
          name: 'no such socket',
          path: join(tmpdir(), 'no-such-folder', 'ipc.sock'),
          error: 'AWS_ERROR_FILE_INVALID_PATH',
        },
        { name: 'not a socket', path: '/etc/passwd', error: 'AWS_IO_SOCKET_CONNECTION_REFUSED' },
        { name: 'too long a path', path: `/tmp/${'x'.repeat(120)}`, error: 'AWS_IO_SOCKET_INVALID_ADDRESS' },
      ]
      it.each(noServers)('$name: $error', async ({ path, error: name }) => {
        const error = await rejectionOf(newClient(path).connect())
        expect(error.type).toBe(RpcErrorType.internal)
        expect(String(error.internalError?.message)).toContain(name)
      })

      it('a socket that nobody listens on any more: refused', async () => {
        const path = await staleSocket()
        const error = await rejectionOf(newClient(path).connect())
        expect(error.type).toBe(RpcErrorType.internal)
        expect(String(error.internalError?.message)).toContain('AWS_IO_SOCKET_CONNECTION_REFUSED')
      })

      it('wrong token: rejects, and a new client with the right one connects', async () => {
        const server = await start({})
        const error = await rejectionOf(newClient(server.socketPath, 'another token').connect())
        expect(error.type).toBe(RpcErrorType.network)
        await newClient(server.socketPath).connect()
        expect(server.connectionCount()).toBe(1)
      })

      it('sends the token and the protocol version', async () => {
        const { server } = await connected({})
        const [frame] = server.received
        expect(frame?.type).toBe(Type.connect)
        expect(frame?.headers[':version']?.value).toBe('0.1.0')
        expect(JSON.parse(String(frame?.payload))).toEqual({ authToken: GOOD_TOKEN })
      })

      it('connects once only', async () => {
        const { client } = await connected({})
        expect((await rejectionOf(client.connect())).type).toBe(RpcErrorType.clientState)
      })

      it('close() is idempotent, tells of a disconnection once, and later calls are refused', async () => {
        const { client } = await connected({})
        const disconnections: unknown[] = []
        const disconnected = new Promise((resolve) =>
          client.on('disconnection', (event) => resolve(disconnections.push(event))),
        )
        await client.close()
        await client.close()
        await disconnected
        expect(disconnections).toHaveLength(1)
        expect((await rejectionOf(client.getConfiguration({ keyPath: [] }))).type).toBe(
          RpcErrorType.clientState,
        )
      })
    })

    describe('request and response', () => {
      const calls: Call[] = [
        {
          name: 'GetConfiguration',
          call: (client) => client.getConfiguration({ keyPath: ['a', 'b'] }),
          request: { keyPath: ['a', 'b'] },
          response: { componentName: 'self', value: { a: { b: [1, 'two', null] } } },
        },
        {
          name: 'SendConfigurationValidityReport',
          call: (client) =>
            client.sendConfigurationValidityReport({
              configurationValidityReport: {
                status: ConfigurationValidityStatus.REJECTED,
                deploymentId: 'd-1',
                message: 'no',
              },
            }),
          request: {
            configurationValidityReport: { status: 'REJECTED', deploymentId: 'd-1', message: 'no' },
          },
        },
        {
          name: 'PublishToIoTCore',
          call: (client) =>
            client.publishToIoTCore({ topicName: 't/ü', qos: QOS.AT_LEAST_ONCE, payload: 'grüße' }),
          request: { topicName: 't/ü', qos: '1', payload: base64('grüße') },
        },
        {
          name: 'PublishToIoTCore',
          call: (client) =>
            client.publishToIoTCore({
              topicName: 't',
              qos: QOS.AT_MOST_ONCE,
              payload: Buffer.from([0, 255, 7]),
            }),
          request: { topicName: 't', qos: '0', payload: 'AP8H' },
        },
        {
          name: 'PublishToTopic',
          call: (client) =>
            client.publishToTopic({ topic: 't', publishMessage: { jsonMessage: { message: { n: 1 } } } }),
          request: { topic: 't', publishMessage: { jsonMessage: { message: { n: 1 } } } },
        },
        {
          name: 'UpdateState',
          call: (client) => client.updateState(RUNNING),
          request: { state: 'RUNNING' },
        },
        {
          name: 'DeferComponentUpdate',
          call: (client) => client.deferComponentUpdate({ deploymentId: 'd-1', recheckAfterMs: 5000 }),
          request: { deploymentId: 'd-1', recheckAfterMs: 5000 },
        },
      ]
      const nuclei = [
        { nucleus: 'classic', flags: Flags.terminateStream, clientTerminates: false },
        { nucleus: 'lite', flags: Flags.none, clientTerminates: true },
      ]

      describe.each(nuclei)('ended as on $nucleus', ({ flags, clientTerminates }) => {
        it.each(calls)('$name', async ({ name, call, request, response = {} }) => {
          const seen: unknown[] = []
          const { client, server } = await connected({
            operations: {
              [name]: (received, reply) => {
                seen.push(received.request)
                reply.respond(`${name}Response`, response, flags)
              },
            },
          })
          expect(await call(client)).toEqual(response)
          expect(seen).toEqual([request])
          const isTermination = (frame: { flags: number }) => frame.flags === Flags.terminateStream
          if (clientTerminates) await soon(() => expect(server.received.some(isTermination)).toBe(true))
          else expect(server.received.some(isTermination)).toBe(false)
        })
      })

      it('many calls under way at once get each their own answer, whatever the order', async () => {
        const waiting: (() => void)[] = []
        const { client } = await connected({
          operations: {
            GetConfiguration: (call, reply) => {
              waiting.unshift(() =>
                reply.respond('GetConfigurationResponse', { componentName: 'self', value: call.request }),
              )
              if (waiting.length === 50) for (const answer of waiting) answer()
            },
          },
        })
        const numbers = Array.from({ length: 50 }, (_, n) => String(n))
        const answers = await Promise.all(numbers.map((n) => client.getConfiguration({ keyPath: [n] })))
        expect(answers.map(({ value }) => value)).toEqual(numbers.map((n) => ({ keyPath: [n] })))
      })

      it('a request that the model does not allow is refused before anything is sent', async () => {
        const { client, server } = await connected({})
        const error = await rejectionOf(client.updateState({ state: 7 } as never))
        expect(error.type).toBe(RpcErrorType.validation)
        expect(server.received).toHaveLength(1) // the Connect
      })
    })

    describe('errors', () => {
      const errors: {
        name: string
        handler: Handler
        type: number
        serviceError?: unknown
        text?: string
      }[] = [
        {
          name: 'classic: message in the modelled field',
          handler: (_, reply) => reply.error('ServiceError', { message: 'spool is full' }),
          type: RpcErrorType.service,
          serviceError: { message: 'spool is full' },
        },
        {
          name: 'lite: code and message in underscored fields',
          handler: (_, reply) =>
            reply.error('ResourceNotFoundError', { _message: 'no key', _errorCode: 'ResourceNotFoundError' }),
          type: RpcErrorType.service,
          serviceError: { _message: 'no key', _errorCode: 'ResourceNotFoundError' },
        },
        {
          name: 'an error this operation is not declared to give',
          handler: (_, reply) => reply.error('SomethingElseError', { message: 'x' }),
          type: RpcErrorType.internal,
          text: 'SomethingElseError',
        },
        {
          name: 'plain text, as classic answers when it fails itself',
          handler: (_, reply) =>
            reply.bytes(
              reply.build({
                type: Type.applicationError,
                flags: Flags.terminateStream,
                headers: { ':content-type': { type: 'string', value: 'text/plain' } },
                payload: Buffer.from('InternalServerError'),
              }),
            ),
          type: RpcErrorType.internal,
          text: 'InternalServerError',
        },
        {
          name: 'an end of stream in place of an answer',
          handler: (_, reply) => reply.end(),
          type: RpcErrorType.internal,
        },
      ]
      it.each(errors)(
        '$name: the call rejects and the connection stays',
        async ({ handler, type, serviceError, text = '' }) => {
          const { client } = await connected({
            operations: { GetConfiguration: handler, UpdateState: answerEmpty },
          })
          const error = await rejectionOf(client.getConfiguration({ keyPath: [] }))
          expect(error.type).toBe(type)
          expect(error.serviceError).toEqual(serviceError)
          expect(error.message).toContain(text)
          expect(await client.updateState(RUNNING)).toEqual({})
        },
      )

      it('a subscription that is refused: activate() rejects, the stream ends', async () => {
        const { client } = await connected({
          operations: {
            SubscribeToIoTCore: (_, reply) => reply.error('UnauthorizedError', { message: 'no' }),
          },
        })
        const operation = client.subscribeToIoTCore({ topicName: 't', qos: QOS.AT_LEAST_ONCE })
        const ended = new Promise((resolve) => operation.on('ended', resolve))
        const error = await rejectionOf(operation.activate())
        expect(error.serviceError).toEqual({ message: 'no' })
        await ended
      })
    })

    describe('streams', () => {
      const streams: StreamCase[] = [
        {
          name: 'SubscribeToConfigurationUpdate',
          open: (client) => client.subscribeToConfigurationUpdate({ keyPath: [] }),
          shape: 'ConfigurationUpdateEvents',
          event: { configurationUpdateEvent: { componentName: 'self', keyPath: ['a'] } },
        },
        {
          name: 'SubscribeToValidateConfigurationUpdates',
          open: (client) => client.subscribeToValidateConfigurationUpdates({}),
          shape: 'ValidateConfigurationUpdateEvents',
          event: { validateConfigurationUpdateEvent: { configuration: { a: 1 }, deploymentId: 'd-1' } },
        },
        {
          name: 'SubscribeToIoTCore',
          open: (client) => client.subscribeToIoTCore({ topicName: 't', qos: QOS.AT_LEAST_ONCE }),
          shape: 'IoTCoreMessage',
          event: { message: { topicName: 't', payload: base64('{"ok":1}') } },
          received: { message: { topicName: 't', payload: Buffer.from('{"ok":1}') } },
        },
        {
          name: 'SubscribeToTopic',
          open: (client) => client.subscribeToTopic({ topic: 't' }),
          shape: 'SubscriptionResponseMessage',
          event: { jsonMessage: { message: { n: 1 }, context: { topic: 't' } } },
        },
        {
          name: 'SubscribeToTopic',
          open: (client) => client.subscribeToTopic({ topic: 't' }),
          shape: 'SubscriptionResponseMessage',
          event: { binaryMessage: { message: base64('x'), context: { topic: 't' } } },
          received: { binaryMessage: { message: Buffer.from('x'), context: { topic: 't' } } },
        },
        {
          name: 'SubscribeToComponentUpdates',
          open: (client) => client.subscribeToComponentUpdates({}),
          shape: 'ComponentUpdatePolicyEvents',
          event: { preUpdateEvent: { deploymentId: 'd-1', isGgcRestarting: false } },
        },
      ]

      it.each(streams)(
        '$name: response and events in one write, in order; close() ends it',
        async (stream) => {
          const { name, open, shape, event, received = event } = stream
          const frame = (type: string, body: unknown, streamId: number) =>
            encode({
              streamId,
              headers: { 'service-model-type': { type: 'string', value: `aws.greengrass#${type}` } },
              payload: Buffer.from(JSON.stringify(body)),
            })
          const { client, server } = await connected({
            operations: {
              [name]: ({ streamId }, reply) =>
                reply.bytes(
                  Buffer.concat([
                    frame(`${name}Response`, {}, streamId),
                    ...[1, 2, 3].map(() => frame(shape, event, streamId)),
                  ]),
                ),
            },
          })
          const operation = open(client)
          const { messages, ended } = record(operation)
          await operation.activate()
          await soon(() => expect(messages).toHaveLength(3))
          expect(messages).toEqual([received, received, received])

          await operation.close()
          await ended
          await soon(() => expect(server.received.at(-1)?.flags).toBe(Flags.terminateStream))
        },
      )

      it('an event that does not fit the model is a streamError; the next one is received', async () => {
        const { client } = await connected({
          operations: {
            SubscribeToTopic: (_, reply) => {
              reply.respond('SubscribeToTopicResponse', {})
              reply.event('ConfigurationUpdateEvents', {})
              reply.event('SubscriptionResponseMessage', { jsonMessage: { message: 2 } })
            },
          },
        })
        const operation = client.subscribeToTopic({ topic: 't' })
        const { messages } = record(operation)
        const errors: unknown[] = []
        operation.on('streamError', (error) => errors.push(error))
        await operation.activate()
        await soon(() => expect(messages).toEqual([{ jsonMessage: { message: 2 } }]))
        expect(errors).toHaveLength(1)
      })

      it('the server ends it: ended, and the connection stays', async () => {
        const { client } = await connected({
          operations: {
            SubscribeToTopic: (_, reply) => {
              reply.respond('SubscribeToTopicResponse', {})
              reply.end()
            },
            UpdateState: answerEmpty,
          },
        })
        const operation = client.subscribeToTopic({ topic: 't' })
        const { ended } = record(operation)
        operation.on('streamError', () => {}) // the empty last message is no event
        await operation.activate()
        await ended
        expect(await client.updateState(RUNNING)).toEqual({})
      })

      it('client.close() ends each, and tells the server', async () => {
        const { client, server } = await connected({ operations: { SubscribeToTopic: subscribed } })
        const operations = ['a', 'b'].map((topic) => client.subscribeToTopic({ topic }))
        const ends = operations.map((operation) => record(operation).ended)
        await Promise.all(operations.map((operation) => operation.activate()))
        await client.close()
        await Promise.all(ends)
        const isTermination = (frame: { flags: number }) => frame.flags === Flags.terminateStream
        await soon(() => expect(server.received.filter(isTermination)).toHaveLength(2))
      })
    })

    describe('framing', () => {
      it('every byte in a write of its own', async () => {
        const { client } = await connected({
          writes: 'byte-by-byte',
          operations: {
            GetConfiguration: answerConfiguration({ a: 1 }),
            SubscribeToTopic: (_, reply) => {
              reply.respond('SubscribeToTopicResponse', {})
              reply.event('SubscriptionResponseMessage', { jsonMessage: { message: 1 } })
            },
          },
        })
        expect((await client.getConfiguration({ keyPath: [] })).value).toEqual({ a: 1 })
        const operation = client.subscribeToTopic({ topic: 't' })
        const { messages } = record(operation)
        await operation.activate()
        await soon(() => expect(messages).toEqual([{ jsonMessage: { message: 1 } }]))
      })

      it('large frames, both ways', async () => {
        const value = { text: 'é'.repeat(300_000) }
        const payload = Buffer.alloc(128 * 1024, 'report')
        const seen: unknown[] = []
        const { client } = await connected({
          operations: {
            GetConfiguration: answerConfiguration(value),
            PublishToIoTCore: ({ request }, reply) => {
              seen.push(request)
              reply.respond('PublishToIoTCoreResponse', {})
            },
          },
        })
        expect((await client.getConfiguration({ keyPath: [] })).value).toEqual(value)
        await client.publishToIoTCore({ topicName: 't', qos: QOS.AT_LEAST_ONCE, payload })
        expect(seen).toEqual([{ topicName: 't', qos: '1', payload: payload.toString('base64') }])
      })

      it('a ping amid a call does no harm', async () => {
        const { client, server } = await connected({
          operations: {
            GetConfiguration: (call, reply) => {
              reply.bytes(encode({ type: Type.ping, payload: Buffer.from('are you there') }))
              answerConfiguration(1)(call, reply)
            },
          },
        })
        expect((await client.getConfiguration({ keyPath: [] })).value).toBe(1)
        const answers = () =>
          server.received.filter(({ type }) => type === Type.pingResponse).map((f) => String(f.payload))
        if (transport.answersPing) await soon(() => expect(answers()).toEqual(['are you there']))
        else expect(answers()).toEqual([])
      })
    })

    describe('loss of the connection', () => {
      const damage: { name: string; handler: Handler; error: string; isNoticed: boolean }[] = [
        {
          name: 'wrong message CRC',
          handler: (_, reply) => reply.bytes(flipByte(reply.build({ payload: Buffer.from('{}') }), -1)),
          error: 'AWS_ERROR_EVENT_STREAM_MESSAGE_CHECKSUM_FAILURE',
          isNoticed: true,
        },
        {
          name: 'wrong prelude CRC',
          handler: (_, reply) => reply.bytes(flipByte(reply.build({ payload: Buffer.from('{}') }), 9)),
          error: 'AWS_ERROR_EVENT_STREAM_PRELUDE_CHECKSUM_FAILURE',
          isNoticed: true,
        },
        {
          name: 'a stream that was never opened',
          handler: (_, reply) => reply.bytes(encode({ streamId: 99 })),
          error: 'AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR',
          isNoticed: true,
        },
        {
          name: 'closed amid a frame',
          handler: (_, reply) => {
            reply.bytes(reply.build({ payload: Buffer.alloc(5_000) }).subarray(0, 2_000))
            reply.hangUp()
          },
          error: 'AWS_IO_SOCKET_CLOSED',
          isNoticed: true,
        },
        {
          name: 'a length above every bound',
          handler: (_, reply) => reply.bytes(prelude(20 * 1024 * 1024)),
          error: 'AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED',
          isNoticed: transport.refusesOversize,
        },
      ]
      it.each(damage.filter(({ isNoticed }) => isNoticed))('$name: $error', async ({ handler, error }) => {
        const { client, server } = await connected({
          operations: { SubscribeToTopic: subscribed, GetConfiguration: handler },
        })
        const disconnected = new Promise<{ reason?: unknown }>((resolve) =>
          client.on('disconnection', (event) => resolve(event ?? {})),
        )
        const operation = client.subscribeToTopic({ topic: 't' })
        const { ended } = record(operation)
        await operation.activate()

        client.getConfiguration({ keyPath: [] }).catch(() => {}) // whether it settles is tested below
        expect((await disconnected).reason).toMatchObject({ error_name: error })
        await ended
        await soon(() => expect(server.connectionCount()).toBe(0))
        expect((await rejectionOf(client.getConfiguration({ keyPath: [] }))).type).toBe(
          RpcErrorType.clientState,
        )
      })

      const ways = [
        {
          way: 'the server hangs up',
          error: 'AWS_IO_SOCKET_CLOSED',
          lose: (_: Client, s: TestServer) => s.dropConnections(),
        },
        {
          way: 'the client closes',
          error: 'AWS_ERROR_EVENT_STREAM_RPC_STREAM_CLOSED',
          lose: (c: Client) => void c.close(),
        },
      ]
      it.each(ways)(
        `$way: pending calls settle: ${transport.settlesPendingCalls}`,
        async ({ lose, error }) => {
          const { client, server } = await connected({})
          const pending = [
            client.getConfiguration({ keyPath: [] }),
            client.publishToIoTCore({ topicName: 't', qos: QOS.AT_LEAST_ONCE, payload: 'x' }),
            client.subscribeToTopic({ topic: 't' }).activate(),
          ].map(settlement)
          await soon(() => expect(server.received).toHaveLength(4)) // Connect and the three
          lose(client, server)
          const expected = transport.settlesPendingCalls
            ? expect.objectContaining({ error_name: error })
            : 'pending'
          const outcomes = transport.settlesPendingCalls ? pending : pending.map(orPending)
          expect(await Promise.all(outcomes)).toEqual([expected, expected, expected])
        },
      )

      it('a new client reconnects to the server that came back', async () => {
        const { client, server } = await connected({ operations: { UpdateState: answerEmpty } })
        const disconnected = new Promise((resolve) => client.on('disconnection', resolve))
        server.dropConnections()
        await disconnected
        const second = newClient(server.socketPath)
        await second.connect()
        expect(await second.updateState(RUNNING)).toEqual({})
      })
    })

    it('ten thousand calls: memory stays flat', { timeout: 30_000 }, async ({ annotate }) => {
      const { client, server } = await connected({
        operations: { GetConfiguration: answerConfiguration({ a: 1 }) },
      })
      const run = async (callCount: number) => {
        for (let done = 0; done < callCount; done += 100) {
          await Promise.all(Array.from({ length: 100 }, () => client.getConfiguration({ keyPath: ['a'] })))
          server.received.length = 0
        }
      }
      await run(1_000) // compiled code, pools and tables have their size after this
      const before = usedBytes()
      const startedAt = performance.now()
      await run(10_000)
      const ms = performance.now() - startedAt
      const grown = usedBytes() - before
      await annotate(
        `10,000 calls in ${ms.toFixed(0)} ms, heap and buffers grew by ${(grown / 1024).toFixed(0)} kB`,
      )
      expect(grown).toBeLessThan(2 * 1024 * 1024) // 10,000 leaked streams, listeners or promises would be above
    })
  })

interface Call {
  readonly name: string
  readonly call: (client: Client) => Promise<unknown>
  /** As the server must see it. */
  readonly request: unknown
  readonly response?: unknown
}

interface StreamCase {
  readonly name: string
  readonly open: (client: Client) => { activate(): Promise<unknown>; close(): Promise<void> }
  readonly shape: string
  readonly event: unknown
  /** As the listener must see it, where that is not the event's JSON. */
  readonly received?: unknown
}

/** 'pending' when the promise has not settled after a time in which it long would have. */
const orPending = (promise: Promise<unknown>) =>
  Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 150, 'pending'))])
