/** The client of the nucleus against the embedded core, through the real SDK: what each call does, and how it ends. */
import { QOS } from 'aws-iot-device-sdk-v2/dist/greengrasscoreipc/model.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { CoreClient, Message } from '../../src/ipc/core-client.ts'
import { publishBytesMax } from '../../src/ipc/frame-limits.ts'
import { connectToNucleus } from '../../src/ipc/greengrass.ts'
import { type CoreUnderTest, Inbox, recipe, settled, startCore } from '../local-core/helpers.ts'

const THING = 'probe-1'
const TOPIC = `$aws/things/${THING}/defender/metrics/json`
const SOCKET = 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT'

const policy = (operation: string, resources: readonly string[]) => ({
  operations: [`aws.greengrass#${operation}`],
  resources,
})
const configuration = {
  SampleIntervalSeconds: '300',
  accessControl: {
    'aws.greengrass.ipc.mqttproxy': {
      'probe:publish': policy('PublishToIoTCore', ['$aws/things/*', 'own/*']),
      'probe:subscribe': policy('SubscribeToIoTCore', ['own/*']),
    },
    'aws.greengrass.ipc.pubsub': { 'probe:local': policy('PublishToTopic', ['own/*']) },
  },
}

const recipeText = recipe('run: sleep 60', JSON.stringify(configuration))
const startNucleus = (mode: 'classic' | 'lite') => startCore(recipeText, { mode, thingName: THING })

/** As the component does it: where and as whom comes from the environment. */
async function connectWith(
  environment: { readonly socketPath?: string; readonly token?: string },
  onStreamLost: (operation: string) => void = () => {},
  callTimeoutMs?: number,
): Promise<CoreClient> {
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  set(SOCKET, environment.socketPath)
  set('SVCUID', environment.token)
  try {
    const client = await connectToNucleus(onStreamLost, callTimeoutMs)
    onTestFinished(() => client.close())
    return client
  } finally {
    set(SOCKET, undefined)
    set('SVCUID', undefined)
  }
}

interface Joined extends CoreUnderTest {
  readonly client: never
  readonly nucleus: CoreClient
  /** Operations of subscriptions that ended. */
  readonly lost: readonly string[]
}

async function join(mode: 'classic' | 'lite', callTimeoutMs?: number): Promise<Omit<Joined, 'client'>> {
  const under = await startNucleus(mode)
  const lost: string[] = []
  const { socketPath } = under.core
  const nucleus = await connectWith(
    { socketPath, token: under.core.issueToken() },
    (operation) => lost.push(operation),
    callTimeoutMs,
  )
  return { ...under, nucleus, lost }
}

describe('connecting', () => {
  test('without what the nucleus gives a component', async () => {
    await expect(connectWith({})).rejects.toMatchObject({ name: 'IpcError', operation: 'Connect' })
  })

  test('no socket', async () => {
    await expect(
      connectWith({ socketPath: '/nonexistent/ipc.socket', token: 'token' }),
    ).rejects.toMatchObject({ code: 'disconnected' })
  })

  test.each(['classic', 'lite'] as const)('%s: a token that is not valid', async (mode) => {
    const { core } = await startNucleus(mode)
    const { socketPath } = core
    await expect(connectWith({ socketPath, token: 'stale' })).rejects.toMatchObject({ code: 'refused' })
  })

  test.each(['classic', 'lite'] as const)('%s is recognized', async (mode) => {
    expect((await join(mode)).nucleus.kind).toBe(mode)
  })
})

describe('the largest message', () => {
  const topics = [
    { name: 'the report topic', topic: TOPIC },
    { name: 'a short topic', topic: 'own/a' },
    { name: 'the longest topic', topic: `own/${'t'.repeat(252)}` },
    { name: 'a topic of more bytes than characters', topic: `own/${'ü'.repeat(100)}` },
    { name: 'a topic that JSON escapes', topic: 'own/"quoted"\\' },
  ]

  test.each(topics)('lite, $name: is taken, and the connection lives', async ({ topic }) => {
    const { nucleus, core, events } = await join('lite')
    const bytesMax = nucleus.publishBytesMax(topic)
    expect(bytesMax).toBeGreaterThan(6_500)
    await nucleus.publishToIoTCore(topic, Buffer.alloc(bytesMax, 0xff))
    await settled()
    const published = events.find((event) => event.event === 'report' || event.event === 'message')
    expect(published).toMatchObject({ topic, bytes: bytesMax })
    // Another call on the same connection.
    await nucleus.getConfiguration()
    expect(core.socketPath).toMatch(/gg-ipc/)
  })

  test.each(topics)('lite, $name: one byte more is refused before it is sent', async ({ topic }) => {
    const { nucleus, events } = await join('lite')
    const before = events.length
    const bytes = nucleus.publishBytesMax(topic) + 1
    await expect(nucleus.publishToIoTCore(topic, Buffer.alloc(bytes))).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining(`${bytes} bytes`),
    })
    await nucleus.getConfiguration()
    expect(events.slice(before)).toEqual([])
  })

  test.each(topics)(
    'lite, $name: four quanta of base64 more would have cost the connection',
    async ({ topic }) => {
      const { core, client } = await startNucleus('lite')
      const sdk = await client()
      const lost = new Promise((resolve) => sdk.on('disconnection', resolve))
      const payload = Buffer.alloc(publishBytesMax('lite', topic) + 4 * 3)
      sdk.publishToIoTCore({ topicName: topic, qos: QOS.AT_LEAST_ONCE, payload }).catch(() => {})
      await lost
      expect(core.socketPath).toMatch(/gg-ipc/)
    },
  )

  test('classic: 128 KiB, and one byte more is refused', async () => {
    const { nucleus, events } = await join('classic')
    const bytesMax = nucleus.publishBytesMax(TOPIC)
    expect(bytesMax).toBe(131_072)
    await nucleus.publishToIoTCore('own/large', Buffer.alloc(bytesMax))
    expect(events.find((event) => event.event === 'message')).toMatchObject({ bytes: bytesMax })
    await expect(nucleus.publishToIoTCore('own/large', Buffer.alloc(bytesMax + 1))).rejects.toMatchObject({
      code: 'too-large',
    })
  })

  test('a topic that leaves no room', () => {
    expect(publishBytesMax('lite', 't'.repeat(20_000))).toBe(0)
  })
})

describe.each(['classic', 'lite'] as const)('on %s', (mode) => {
  test('the configuration, and that it has changed', async () => {
    const { nucleus, core } = await join(mode)
    expect(await nucleus.getConfiguration()).toEqual(configuration)
    const changes = new Inbox<true>()
    await nucleus.subscribeToConfigurationUpdate(() => changes.add(true))
    await core.updateConfiguration({ LogLevel: 'debug' })
    await changes.next()
    expect(await nucleus.getConfiguration()).toMatchObject({ LogLevel: 'debug' })
  })

  test('messages from the cloud, byte for byte', async () => {
    const { nucleus, core } = await join(mode)
    const messages = new Inbox<Message>()
    await nucleus.subscribeToIoTCore('own/replies', messages.add)
    const payload = Uint8Array.from({ length: 256 }, (_, index) => index)
    core.publishFromCloud('own/replies', payload)
    core.publishFromCloud('own/replies', '')
    const first = await messages.next()
    expect({ ...first, payload: [...first.payload] }).toEqual({ topic: 'own/replies', payload: [...payload] })
    expect((await messages.next()).payload).toHaveLength(0)
  })

  test('local messages and the state', async () => {
    const { nucleus, events } = await join(mode)
    await nucleus.publishToTopic('own/violations', { alarm: true })
    expect(events.at(-1)).toMatchObject({ event: 'message', via: 'local', payload: { alarm: true } })
    await nucleus.updateState('RUNNING')
  })

  test('what is not permitted', async () => {
    const { nucleus } = await join(mode)
    const unauthorized = { code: 'unauthorized' }
    await expect(nucleus.publishToIoTCore('others', Buffer.alloc(1))).rejects.toMatchObject(unauthorized)
    await expect(nucleus.subscribeToIoTCore('others', () => {})).rejects.toMatchObject(unauthorized)
    await expect(nucleus.publishToTopic('others', {})).rejects.toMatchObject(unauthorized)
    await nucleus.getConfiguration()
  })

  test('a call without a reply ends by its time-out, and with it the connection, which may be half dead', async () => {
    const { nucleus, core } = await join(mode, 150)
    core.faults.setDelayMs(60_000)
    await expect(nucleus.getConfiguration()).rejects.toMatchObject({
      code: 'timeout',
      message: 'GetConfiguration: no reply within 0.15 s',
    })
    expect(await nucleus.closed).not.toBe('closed by us')
    core.faults.setDelayMs(0)
    await expect(nucleus.getConfiguration()).rejects.toMatchObject({ code: 'disconnected' })
  })

  test('a lost connection ends every call under way, and those to come', async () => {
    const { nucleus, core } = await join(mode)
    core.faults.setDelayMs(60_000)
    const calls = [
      nucleus.getConfiguration(),
      nucleus.publishToIoTCore('own/a', Buffer.alloc(1)),
      nucleus.subscribeToIoTCore('own/a', () => {}),
    ]
    await settled()
    core.faults.disconnect()
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'disconnected' })
    expect(await nucleus.closed).not.toBe('closed by us')
    await expect(nucleus.getConfiguration()).rejects.toMatchObject({ code: 'disconnected' })
  })

  test('close() ends every call under way too, and is no lost subscription', async () => {
    const { nucleus, core, lost } = await join(mode)
    await nucleus.subscribeToIoTCore('own/a', () => {})
    core.faults.setDelayMs(60_000)
    const call = nucleus.getConfiguration()
    call.catch(() => {})
    await settled()
    await nucleus.close()
    await expect(call).rejects.toMatchObject({ name: 'IpcError', operation: 'GetConfiguration' })
    expect(await nucleus.closed).toBe('closed by us')
    expect(lost).toEqual([])
    await nucleus.close()
  })
})

describe('only classic', () => {
  test('asks whether a configuration is valid, and whether an update may go on', async () => {
    const { nucleus, core, lost } = await join('classic')
    const asked: unknown[] = []
    await nucleus.subscribeToValidateConfigurationUpdates(({ configuration: given }) => {
      asked.push(given)
      const { SampleIntervalSeconds } = given as { SampleIntervalSeconds: unknown }
      return SampleIntervalSeconds === 0 ? { accepted: false, message: 'too often' } : { accepted: true }
    })
    expect(await core.updateConfiguration({ SampleIntervalSeconds: 0 })).toBe('rejected')
    expect(await core.updateConfiguration({ SampleIntervalSeconds: 600 })).toBe('applied')
    expect(asked).toMatchObject([{ SampleIntervalSeconds: 0 }, { SampleIntervalSeconds: 600 }])

    let waitMs = 5_000
    await nucleus.subscribeToComponentUpdates(() => waitMs)
    expect(await core.announceComponentUpdate()).toMatchObject({ answer: { recheckAfterMs: 5_000 } })
    waitMs = 0
    expect(await core.announceComponentUpdate()).toMatchObject({ answer: { recheckAfterMs: 0 } })
    expect(lost).toEqual([])
  })

  test('lite has neither', async () => {
    const { nucleus } = await join('lite')
    const unsupported = { code: 'unsupported' }
    await expect(
      nucleus.subscribeToValidateConfigurationUpdates(() => ({ accepted: true })),
    ).rejects.toMatchObject(unsupported)
    await expect(nucleus.subscribeToComponentUpdates(() => 0)).rejects.toMatchObject(unsupported)
  })

  test('spools while offline, where lite refuses', async () => {
    const classic = await join('classic')
    classic.core.faults.setOffline(true)
    await classic.nucleus.publishToIoTCore('own/a', Buffer.from('1'))
    const lite = await join('lite')
    lite.core.faults.setOffline(true)
    await expect(lite.nucleus.publishToIoTCore('own/a', Buffer.from('1'))).rejects.toMatchObject({
      code: 'service',
    })
  })
})
