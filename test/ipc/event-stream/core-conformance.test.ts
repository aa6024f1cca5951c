/**
 * The device SDK's client over both transports, on the embedded core: each scene is played over the native one and over
 * ours, and both must see the same. Between client and core stands a proxy that cuts up or damages what the core sends.
 * What a scripted server can do and a nucleus does not is in `conformance.test.ts`.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { LocalCore } from '../../../src/local-core/local-core.ts'
import { type IpcProxy, startIpcProxy } from '../../helpers/ipc-proxy.ts'
import { recipe, startCore } from '../../local-core/helpers.ts'
import { bundleOurs, loadNative, type Sdk } from './sdk-bundle.ts'
import { type Client, type RpcError, record, rejectionOf, settlement, soon, usedBytes } from './tools.ts'

vi.setConfig({ testTimeout: 40_000 })

const { ConfigurationValidityStatus, QOS, ReportedLifecycleState } = loadNative().model
/** Replies bear the time, and both transports are to see the same. */
const AT = Date.UTC(2026, 0)
const REPORTS = '$aws/things/probe-1/defender/metrics/json'
const recipeText = recipe(
  'run: "true"',
  JSON.stringify({
    Interval: 300,
    Deep: { Leaf: 'a', Other: ['x'] },
    accessControl: {
      'aws.greengrass.ipc.mqttproxy': {
        'probe:mqtt:1': {
          operations: ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'],
          resources: ['$aws/things/*/defender/metrics/*', 'probe/*'],
        },
      },
      'aws.greengrass.ipc.pubsub': { 'probe:pubsub:1': { operations: ['*'], resources: ['local/*'] } },
    },
  }),
)
const modes = ['classic', 'lite'] as const
type Mode = (typeof modes)[number]

let ours: Awaited<ReturnType<typeof bundleOurs>>
beforeAll(async () => {
  ours = await bundleOurs()
})
afterAll(() => ours.remove())
afterEach(() => {
  vi.unstubAllEnvs()
})

/** aws-crt now and then never tells that a stream is active: what waits for it is tried again. */
const transports = [
  { transport: 'native', load: loadNative, settlesPendingCalls: false, retry: 2 },
  { transport: 'ours', load: () => ours.load(), settlesPendingCalls: true, retry: 0 },
] as const
/** Longer than any scene takes on a busy machine. */
const SCENE_TIMEOUT_MS = 10_000

interface Stage {
  readonly mode: Mode
  readonly sdk: Sdk
  readonly core: LocalCore
  readonly proxy: IpcProxy
  /** Connected through the proxy. */
  readonly client: Client
  /** Another one; not yet connected. */
  newClient(token?: string, socketPath?: string): Client
}

/** A core, and a client of this SDK on it; gone at the end of the test. */
async function setUp(sdk: Sdk, mode: Mode): Promise<Stage> {
  const { core } = await startCore(recipeText, { mode, inquiryTimeoutMs: 2_000, now: () => AT })
  const proxy = await startIpcProxy(core.socketPath)
  const newClient = (token = core.issueToken(), socketPath = proxy.socketPath) => {
    vi.stubEnv('AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT', socketPath)
    vi.stubEnv('SVCUID', token)
    return sdk.createClient()
  }
  const client = newClient()
  await client.connect()
  return { mode, sdk, core, proxy, client, newClient }
}

/** A stage whose client and proxy are gone at the end. */
async function onStage<T>(sdk: Sdk, mode: Mode, scene: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await setUp(sdk, mode)
  try {
    return await scene(stage)
  } finally {
    await stage.client.close()
    await stage.proxy.close()
  }
}

const NEVER_ENDED = 'the scene did not end'

const playOnce = (sdk: Sdk, mode: Mode, play: Scene['play']): Promise<unknown> =>
  onStage(sdk, mode, (stage) => Promise.race([play(stage), sleep(SCENE_TIMEOUT_MS, NEVER_ENDED)]))

/** What a client can tell of an outcome: the response, or the kind of error and what the nucleus says. */
const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (response) => ({ response }),
    ({ type, serviceError }: RpcError) => ({ type, serviceError }),
  )

async function outcomesOf(calls: Readonly<Record<string, () => Promise<unknown>>>) {
  const outcomes: Record<string, unknown> = {}
  for (const [name, call] of Object.entries(calls)) outcomes[name] = await outcomeOf(call())
  return outcomes
}

/** What a stream brings while `action` makes it come, until there are `count` of it. */
async function messagesOf(
  stream: { activate(): Promise<unknown>; close(): Promise<void> },
  count: number,
  action: () => Promise<unknown>,
): Promise<unknown> {
  const { messages, ended } = record(stream)
  const activation = await outcomeOf(stream.activate())
  await action()
  await soon(() => expect(messages.length).toBeGreaterThanOrEqual(count))
  await stream.close()
  await ended
  return { activation, messages: comparable(messages) }
}

/** Payloads as text, a character for each byte; of a deployment's id, which is another each time, that it is there. */
function comparable(value: unknown, key?: string): unknown {
  if (key === 'deploymentId') return typeof value
  if (value instanceof ArrayBuffer) return comparable(Buffer.from(value))
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  if (Array.isArray(value)) return value.map((each) => comparable(each))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, comparable(each, name)]))
}

const publish = (client: Client, topicName: string, payload: string | Buffer, qos = QOS.AT_LEAST_ONCE) =>
  client.publishToIoTCore({ topicName, qos, payload })
const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, index) => index % 251))

interface Scene {
  readonly name: string
  readonly only?: Mode
  /** Everything that the client saw. */
  readonly play: (stage: Stage) => Promise<unknown>
  /** That it saw what the scene is about. */
  readonly shows: unknown
}

const scenes: Scene[] = [
  {
    name: 'calls that are answered',
    play: ({ client }) =>
      outcomesOf({
        all: () => client.getConfiguration({ keyPath: [] }),
        leaf: () => client.getConfiguration({ keyPath: ['Deep', 'Leaf'] }),
        nucleus: () => client.getConfiguration({ componentName: 'aws.greengrass.Nucleus', keyPath: [] }),
        text: () => publish(client, 'probe/a', 'grüße'),
        bytes: () => publish(client, 'probe/a', bytes(256), QOS.AT_MOST_ONCE),
        nothing: () => publish(client, 'probe/a', ''),
        json: () =>
          client.publishToTopic({ topic: 'local/a', publishMessage: { jsonMessage: { message: { n: 1 } } } }),
        binary: () =>
          client.publishToTopic({ topic: 'local/a', publishMessage: { binaryMessage: { message: 'x' } } }),
        running: () => client.updateState({ state: ReportedLifecycleState.RUNNING }),
      }),
    shows: {
      leaf: { response: { value: { Leaf: 'a' } } },
      text: { response: {} },
      running: { response: {} },
    },
  },
  {
    name: 'calls that are refused',
    play: ({ client }) =>
      outcomesOf({
        missingKey: () => client.getConfiguration({ keyPath: ['Missing'] }),
        otherComponent: () => client.getConfiguration({ componentName: 'com.example.Other', keyPath: [] }),
        notPermitted: () => publish(client, 'elsewhere', 'x'),
        notPermittedLocally: () => client.subscribeToTopic({ topic: 'elsewhere' }).activate(),
        noTopic: () => publish(client, 'probe/+/wildcard', 'x'),
        unasked: () =>
          client.sendConfigurationValidityReport({
            configurationValidityReport: {
              status: ConfigurationValidityStatus.ACCEPTED,
              deploymentId: 'none',
            },
          }),
        nothingToDefer: () => client.deferComponentUpdate({ deploymentId: 'none', recheckAfterMs: 1 }),
        unknownToThisNucleus: () => client.getSecretValue({ secretId: 'x' }),
        unknownToTheModel: () => client.updateState({ state: 7 } as never),
        afterAllThat: () => client.getConfiguration({ keyPath: ['Interval'] }),
      }),
    shows: {
      missingKey: { serviceError: { _errorCode: 'ResourceNotFoundError' } },
      notPermitted: { serviceError: { _errorCode: 'UnauthorizedError' } },
      afterAllThat: { response: { componentName: 'com.example.Probe' } },
    },
  },
  {
    name: 'changes of the configuration',
    play: ({ client, core }) =>
      messagesOf(client.subscribeToConfigurationUpdate({ keyPath: [] }), 2, () =>
        core.updateConfiguration({ Interval: 5, Deep: { Leaf: 'b' } }),
      ),
    shows: { messages: [{ configurationUpdateEvent: { keyPath: ['Interval'] } }, {}] },
  },
  {
    name: 'messages of AWS IoT Core, the own ones and from the cloud',
    play: ({ client, core }) =>
      messagesOf(client.subscribeToIoTCore({ topicName: 'probe/#', qos: QOS.AT_LEAST_ONCE }), 4, async () => {
        await publish(client, 'probe/text', 'grüße')
        await publish(client, 'probe/bytes', bytes(256))
        await publish(client, 'probe/empty', '')
        core.publishFromCloud('probe/cloud', 'x'.repeat(4_000))
      }),
    shows: { messages: [{}, { message: { topicName: 'probe/bytes' } }, {}, {}] },
  },
  {
    name: 'the reply to a report',
    play: ({ client }) =>
      messagesOf(
        client.subscribeToIoTCore({ topicName: `${REPORTS}/rejected`, qos: QOS.AT_LEAST_ONCE }),
        1,
        () => publish(client, REPORTS, '{"header":{}}'),
      ),
    shows: { messages: [{ message: { topicName: `${REPORTS}/rejected` } }] },
  },
  {
    name: 'messages between components, as JSON and as bytes',
    play: ({ client }) =>
      messagesOf(client.subscribeToTopic({ topic: 'local/#' }), 2, async () => {
        const send = (publishMessage: object) => client.publishToTopic({ topic: 'local/a', publishMessage })
        await send({ jsonMessage: { message: { deep: [1, null, 'ü'] } } })
        await send({ binaryMessage: { message: bytes(300) } })
      }),
    shows: { messages: [{ jsonMessage: { message: { deep: [1, null, 'ü'] } } }, {}] },
  },
  {
    name: 'a deployment that asks first, accepted and rejected',
    only: 'classic',
    play: async ({ client, core }) => {
      const answers = [ConfigurationValidityStatus.REJECTED, ConfigurationValidityStatus.ACCEPTED]
      const results: unknown[] = []
      const stream = client.subscribeToValidateConfigurationUpdates({})
      stream.on('message', ({ validateConfigurationUpdateEvent: event }) => {
        const [status = ConfigurationValidityStatus.REJECTED] = answers.splice(0, 1)
        const deploymentId = event?.deploymentId ?? ''
        const answer = { status, deploymentId, message: 'because' }
        client.sendConfigurationValidityReport({ configurationValidityReport: answer }).catch(() => {})
      })
      const seen = await messagesOf(stream, 2, async () => {
        results.push(await core.updateConfiguration({ Interval: 5 }))
        results.push(await core.updateConfiguration({ Interval: 6 }))
      })
      return { seen, results }
    },
    shows: { results: ['rejected', 'applied'] },
  },
  {
    name: 'an update of the component, deferred',
    only: 'classic',
    play: async ({ client, core }) => {
      const results: unknown[] = []
      const stream = client.subscribeToComponentUpdates({})
      stream.on('message', ({ preUpdateEvent }) => {
        const deploymentId = preUpdateEvent?.deploymentId ?? ''
        client.deferComponentUpdate({ deploymentId, recheckAfterMs: 5_000 }).catch(() => {})
      })
      const seen = await messagesOf(stream, 1, async () => {
        results.push(await core.announceComponentUpdate())
      })
      return { seen, results }
    },
    shows: { results: [{ kind: 'answered', answer: { recheckAfterMs: 5_000 } }] },
  },
  {
    name: 'large frames, both ways, many at once',
    only: 'classic',
    play: async ({ client, core }) => {
      const payload = bytes(120_000)
      const stream = client.subscribeToIoTCore({ topicName: 'probe/#', qos: QOS.AT_LEAST_ONCE })
      const seen = await messagesOf(stream, 20, async () => {
        await Promise.all(Array.from({ length: 10 }, (_, n) => publish(client, `probe/${n}`, payload)))
        for (let n = 10; n < 20; n += 1) core.publishFromCloud(`probe/${n}`, payload)
      })
      return { seen, tooLarge: await outcomeOf(publish(client, 'probe/large', bytes(128 * 1024 + 1))) }
    },
    shows: { tooLarge: { serviceError: { _errorCode: 'ServiceError' } } },
  },
  {
    name: 'what comes in pieces of 3 bytes, and in pieces that end with a prelude',
    play: async ({ client, proxy }) => {
      const seen: unknown[] = []
      for (const pieceBytes of [3, 12]) {
        proxy.set({ pieceBytes })
        seen.push(await outcomeOf(client.getConfiguration({ keyPath: [] })))
        const stream = client.subscribeToTopic({ topic: 'local/#' })
        const send = () =>
          client.publishToTopic({ topic: 'local/a', publishMessage: { jsonMessage: { message: 1 } } })
        seen.push(await messagesOf(stream, 3, () => Promise.all([send(), send(), send()])))
      }
      return seen
    },
    shows: [{}, { messages: [{}, {}, {}] }, {}, {}],
  },
  {
    name: 'a wrong token, and one that a restart of the nucleus has outlived',
    // Classic answers and hangs up, and which of the two the native transport sees first is chance.
    only: 'lite',
    play: async ({ core, newClient }) => {
      const stale = core.issueToken()
      const wrong = await outcomeOf(newClient('wrong').connect())
      await core.faults.restart()
      const outlived = await outcomeOf(newClient(stale).connect())
      const fresh = newClient()
      await fresh.connect()
      return { wrong, outlived, fresh: await outcomeOf(fresh.getConfiguration({ keyPath: ['Interval'] })) }
    },
    shows: { fresh: { response: { value: { Interval: '300' } } } },
  },
]

describe.each(modes)('both transports see the same on %s', (mode) => {
  const played = scenes.filter(({ only }) => only === undefined || only === mode)

  test.each(played)('$name', async ({ play, shows }) => {
    const [native, own] = await Promise.all(
      transports.map(async ({ load, retry }) => {
        for (let tries = 0; ; tries += 1) {
          const seen = await playOnce(load(), mode, play)
          if (seen !== NEVER_ENDED || tries === retry) return seen
        }
      }),
    )
    expect(native).toMatchObject(shows as object)
    expect(own).toEqual(native)
  })
})

for (const { transport, load, settlesPendingCalls, retry } of transports)
  describe(transport, { retry }, () => {
    const play = <T>(mode: Mode, scene: (stage: Stage) => Promise<T>) => onStage(load(), mode, scene)

    const losses = [
      { name: 'the nucleus hangs up', lose: ({ core }: Stage) => core.faults.disconnect() },
      { name: 'the nucleus restarts', lose: ({ core }: Stage) => core.faults.restart() },
      {
        name: 'it goes away amid a frame',
        lose: ({ core, proxy }: Stage) => {
          proxy.set({ cutAt: 20 })
          core.publishFromCloud('probe/a', 'x')
        },
      },
      {
        name: 'a byte of a frame is changed',
        lose: ({ core, proxy }: Stage) => {
          proxy.set({ flipAt: 40 })
          core.publishFromCloud('probe/a', 'x')
        },
      },
    ]
    test.each(losses)(
      `$name: it is told, streams end, pending calls settle: ${settlesPendingCalls}`,
      async ({ lose }) => {
        await play('classic', async (stage) => {
          const { core, client, newClient } = stage
          const told = new Promise((resolve) => client.on('disconnection', resolve))
          const stream = client.subscribeToIoTCore({ topicName: 'probe/#', qos: QOS.AT_LEAST_ONCE })
          const { ended } = record(stream)
          await stream.activate()
          core.faults.setDelayMs(600_000)
          let settledCount = 0
          const pending = Array.from({ length: 100 }, () =>
            settlement(client.getConfiguration({ keyPath: [] })).then((outcome) => {
              settledCount += 1
              return outcome
            }),
          )
          // The requests are on their way before the connection goes.
          await new Promise((resolve) => setTimeout(resolve, 50))
          await lose(stage)
          await told
          await ended
          if (settlesPendingCalls)
            expect((await Promise.all(pending)).every((each) => each instanceof Error)).toBe(true)
          else {
            await new Promise((resolve) => setTimeout(resolve, 150))
            expect(settledCount).toBe(0)
          }
          core.faults.setDelayMs(0)
          stage.proxy.set({})
          const next = newClient()
          await next.connect()
          expect(await next.getConfiguration({ keyPath: ['Interval'] })).toMatchObject({
            value: { Interval: 300 },
          })
          await next.close()
        })
      },
    )

    test('lite: one byte more than its buffer ends the connection', async () => {
      await play('lite', async ({ client }) => {
        const topic = '$aws/things/core-1/defender/metrics/json'
        // A frame of 9,998 bytes; base64 grows in steps of four.
        expect(await publish(client, topic, bytes(7_353))).toEqual({})
        const told = new Promise((resolve) => client.on('disconnection', resolve))
        const call = settlement(publish(client, topic, bytes(7_354)))
        await told
        if (settlesPendingCalls) expect(await call).toBeInstanceOf(Error)
      })
    })

    test('nobody listens: refused, and so is a client that was closed', async () => {
      await play('classic', async ({ client, sdk }) => {
        vi.stubEnv('AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT', join(tmpdir(), 'no-nucleus.sock'))
        expect((await rejectionOf(sdk.createClient().connect())).type).toBe(3)
        await client.close()
        expect((await rejectionOf(client.getConfiguration({ keyPath: [] }))).type).toBe(4)
      })
    })

    /** Parts of the SDK that it keeps to itself. */
    interface Inside {
      readonly rpcClient: { readonly unclosedOperations?: Set<unknown>; newStream(): { close(): void } }
    }

    /** Two seconds on a machine that has nothing else to do. */
    test('ten thousand calls, one by one and a hundred at once: nothing is kept of them', {
      timeout: 120_000,
    }, async ({ annotate }) => {
      await play('lite', async ({ core, newClient }) => {
        const client = newClient(core.issueToken(), core.socketPath)
        await client.connect()
        const { rpcClient } = client as unknown as Inside
        const example = rpcClient.newStream()
        example.close()
        const streamsAlive = () => Number(queryObjects(example.constructor, { format: 'count' }))
        let rightCount = 0
        const call = async () => {
          const { value } = await client.getConfiguration({ keyPath: ['Deep', 'Leaf'] })
          if ((value as { Leaf: string }).Leaf === 'a') rightCount += 1
        }
        const batch = () => Promise.all(Array.from({ length: 100 }, call))
        for (let done = 0; done < 10; done += 1) await batch() // code and pools have their size after this
        rightCount = 0
        const before = { bytes: usedBytes(), streams: streamsAlive() }
        const startedAt = performance.now()
        const cpu = process.cpuUsage()
        for (let done = 0; done < 1_000; done += 1) await call()
        for (let done = 0; done < 90; done += 1) await batch()
        const ms = performance.now() - startedAt
        const { user, system } = process.cpuUsage(cpu)
        expect(rightCount).toBe(10_000)
        const after = { bytes: usedBytes(), streams: streamsAlive() }
        expect(rpcClient.unclosedOperations?.size).toBe(0)
        // Those of the last hundred at once may still wait for the collector.
        expect(after.streams - before.streams).toBeLessThan(150)
        // A call that is kept, with its stream and messages, holds a kilobyte or more: ten thousand would be 10 MB.
        expect(after.bytes - before.bytes).toBeLessThan(4 * 1024 * 1024)
        await annotate(
          `10,000 calls in ${ms.toFixed(0)} ms, ${((user + system) / 1000).toFixed(0)} of CPU; streams alive: ${before.streams}, ${after.streams}`,
        )
        await client.close()
      })
    })
  })
