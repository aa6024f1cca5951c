/**
 * The real client, aws-iot-device-sdk-v2, against the embedded core in both modes: every operation, its failures, and
 * what happens to a connection.
 */
import { model } from 'aws-iot-device-sdk-v2/dist/greengrasscoreipc.js'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type CoreUnderTest,
  connect,
  failureOf,
  Inbox,
  type IpcClient,
  recipe,
  rpcErrorType,
  settled,
  startCore,
} from './helpers.ts'

const REPORTS = '$aws/things/probe-1/defender/metrics/json'
const { ConfigurationValidityStatus } = model
const configuration = JSON.stringify({
  Interval: 300,
  Deep: { Leaf: 'a', Other: ['x'] },
  accessControl: {
    'aws.greengrass.ipc.mqttproxy': {
      'probe:mqtt:1': {
        operations: ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'],
        resources: ['$aws/things/*/defender/metrics/*', 'probe/*'],
      },
    },
    'aws.greengrass.ipc.pubsub': {
      'probe:pubsub:1': { operations: ['*'], resources: ['local/*'] },
    },
  },
})
const report = (id: number) =>
  JSON.stringify({
    header: { report_id: id, version: '1.0' },
    metrics: { listening_tcp_ports: { total: 0, ports: [] } },
  })
const startMode = (mode: 'classic' | 'lite', options = {}) =>
  startCore(recipe('run: "true"', configuration), { mode, ...options })

const subscribe = async (client: IpcClient, topicName: string) => {
  const inbox = new Inbox<{ topic: string; text: string }>()
  const stream = client.subscribeToIoTCore({ topicName, qos: model.QOS.AT_LEAST_ONCE })
  stream.on('message', ({ message }: model.IoTCoreMessage) =>
    inbox.add({
      topic: message?.topicName ?? '',
      text: Buffer.from(message?.payload as ArrayBuffer).toString(),
    }),
  )
  await stream.activate()
  return { inbox, stream }
}

const publish = (
  client: IpcClient,
  topicName: string,
  payload: string | Uint8Array,
  qos = model.QOS.AT_LEAST_ONCE,
) => client.publishToIoTCore({ topicName, qos, payload: payload as string })

describe.each(['classic', 'lite'] as const)('%s', (mode) => {
  let under: CoreUnderTest
  let client: IpcClient
  beforeEach(async () => {
    under = await startMode(mode)
    client = await under.client()
  })

  test('getConfiguration: everything, an object, a leaf below its own name', async () => {
    const everything = await client.getConfiguration({ keyPath: [] })
    expect(everything.componentName).toBe('com.example.Probe')
    expect(everything.value).toMatchObject({ Interval: mode === 'lite' ? '300' : 300 })
    expect((await client.getConfiguration({ keyPath: ['Deep'] })).value).toEqual({ Leaf: 'a', Other: ['x'] })
    expect((await client.getConfiguration({ keyPath: ['Deep', 'Leaf'] })).value).toEqual({ Leaf: 'a' })
  })

  test.each([
    { name: 'a missing key', request: { keyPath: ['Missing'] } },
    { name: 'a key that every object inherits', request: { keyPath: ['constructor'] } },
    { name: 'another component', request: { componentName: 'com.example.Other', keyPath: [] } },
  ])('getConfiguration: $name is not found', async ({ request }) => {
    const failure = await failureOf(client.getConfiguration(request))
    expect(failure.type).toBe(rpcErrorType.service)
    expect(failure.serviceError?._errorCode).toBe('ResourceNotFoundError')
  })

  test("getConfiguration: the nucleus's own", async () => {
    const nucleus = await client.getConfiguration({
      componentName: 'aws.greengrass.Nucleus',
      keyPath: ['awsRegion'],
    })
    expect(nucleus.value).toEqual({ awsRegion: 'us-east-1' })
    expect(nucleus.componentName).toBe(`aws.greengrass.Nucleus${mode === 'lite' ? 'Lite' : ''}`)
  })

  test('updateConfiguration: merged, told to subscribers leaf by leaf', async () => {
    const inbox = new Inbox<string[]>()
    const stream = client.subscribeToConfigurationUpdate({ keyPath: [] })
    stream.on('message', (event: model.ConfigurationUpdateEvents) =>
      inbox.add(event.configurationUpdateEvent?.keyPath ?? []),
    )
    await stream.activate()
    await client.updateConfiguration({
      keyPath: ['Deep'],
      timestamp: new Date(),
      valueToMerge: { Leaf: 'b', New: { k: 1 } },
    })
    expect(await inbox.next()).toEqual(['Deep', 'Leaf'])
    expect(await inbox.next()).toEqual(['Deep', 'New', 'k'])
    expect((await client.getConfiguration({ keyPath: ['Deep'] })).value).toEqual({
      Leaf: 'b',
      Other: ['x'],
      New: { k: 1 },
    })
    await stream.close()
    await client.updateConfiguration({
      keyPath: ['Deep'],
      timestamp: new Date(),
      valueToMerge: { Leaf: 'c' },
    })
    await settled()
    expect(inbox.size).toBe(0)
  })

  test('subscribeToConfigurationUpdate: a missing key is refused', async () => {
    const failure = await failureOf(
      client.subscribeToConfigurationUpdate({ keyPath: ['Missing'] }).activate(),
    )
    expect(failure.serviceError?._errorCode).toBe('ResourceNotFoundError')
  })

  test.each([
    { name: 'as key', keyPath: ['accessControl'], valueToMerge: {} },
    { name: 'as member', keyPath: [], valueToMerge: { accessControl: {} } },
  ])('updateConfiguration: accessControl $name is refused', async ({ keyPath, valueToMerge }) => {
    const failure = await failureOf(
      client.updateConfiguration({ keyPath, timestamp: new Date(), valueToMerge }),
    )
    expect(failure.serviceError?._errorCode).toBe('InvalidArgumentsError')
  })

  test('updateConfiguration: an older value never replaces a newer one', async () => {
    await client.updateConfiguration({
      keyPath: ['Deep'],
      timestamp: new Date(9_000),
      valueToMerge: { Leaf: 'new' },
    })
    const late = client.updateConfiguration({
      keyPath: ['Deep'],
      timestamp: new Date(8_000),
      valueToMerge: { Leaf: 'old' },
    })
    if (mode === 'lite') await late
    else expect((await failureOf(late)).serviceError?._errorCode).toBe('FailedUpdateConditionCheckError')
    expect((await client.getConfiguration({ keyPath: ['Deep', 'Leaf'] })).value).toEqual({ Leaf: 'new' })
  })

  test('publishToIoTCore and subscribeToIoTCore: text and bytes come back from the broker', async () => {
    const { inbox, stream } = await subscribe(client, 'probe/+/out')
    await publish(client, 'probe/a/out', 'text')
    await publish(client, 'probe/b/out', Uint8Array.of(104, 105))
    expect(await inbox.next()).toEqual({ topic: 'probe/a/out', text: 'text' })
    expect(await inbox.next()).toEqual({ topic: 'probe/b/out', text: 'hi' })
    await stream.close()
    await publish(client, 'probe/c/out', 'nobody listens')
    await settled()
    expect(inbox.size).toBe(0)
    expect(under.events.filter(({ event }) => event === 'message')).toHaveLength(3)
  })

  test('publishFromCloud reaches the subscriber', async () => {
    const { inbox } = await subscribe(client, 'probe/#')
    under.core.publishFromCloud('probe/command', 'go')
    expect(await inbox.next()).toEqual({ topic: 'probe/command', text: 'go' })
  })

  test('a report is checked and accepted, a malformed one rejected', async () => {
    const { inbox } = await subscribe(client, `${REPORTS}/accepted`)
    const rejected = await subscribe(client, `${REPORTS}/rejected`)
    await publish(client, REPORTS, report(1_700_000_000_001))
    expect(JSON.parse((await inbox.next()).text)).toMatchObject({
      thingName: 'probe-1',
      reportId: 1_700_000_000_001,
      status: 'ACCEPTED',
    })
    await publish(client, REPORTS, '{"header":{}}')
    expect(JSON.parse((await rejected.inbox.next()).text)).toMatchObject({
      status: 'REJECTED',
      statusDetails: { ErrorCode: 'InvalidPayload', ErrorMessage: 'Malformed metrics report' },
    })
  })

  test.each([
    { name: 'publishToIoTCore', call: () => publish(client, 'elsewhere', 'x') },
    { name: 'subscribeToIoTCore', call: () => subscribe(client, 'elsewhere/#') },
    {
      name: 'publishToTopic',
      call: () =>
        client.publishToTopic({ topic: 'elsewhere', publishMessage: { jsonMessage: { message: {} } } }),
    },
    { name: 'subscribeToTopic', call: () => client.subscribeToTopic({ topic: 'elsewhere' }).activate() },
    { name: 'restartComponent', call: () => client.restartComponent({ componentName: 'com.example.Probe' }) },
    { name: 'validateAuthorizationToken', call: () => client.validateAuthorizationToken({ token: 'x' }) },
  ])('$name: not permitted', async ({ name, call }) => {
    const failure = await failureOf(call())
    // The SDK's model of restartComponent has no UnauthorizedError, so that the SDK cannot read it.
    if (name !== 'restartComponent') {
      expect(failure.type).toBe(rpcErrorType.service)
      expect(failure.serviceError?._errorCode).toBe('UnauthorizedError')
    }
    if (mode === 'lite' && name !== 'restartComponent') {
      expect(failure.serviceError?._message).toBe('IPC Operation not authorized.')
    }
    expect(under.events.filter(({ event }) => event === 'denied')).toHaveLength(1)
  })

  test('publishToTopic and subscribeToTopic: JSON and bytes, one own echo, none when asked', async () => {
    const inbox = new Inbox<model.SubscriptionResponseMessage>()
    const others = new Inbox<model.SubscriptionResponseMessage>()
    const all = client.subscribeToTopic({ topic: 'local/#' })
    all.on('message', inbox.add)
    await all.activate()
    const fromOthers = client.subscribeToTopic({
      topic: 'local/a',
      receiveMode: model.ReceiveMode.RECEIVE_MESSAGES_FROM_OTHERS,
    })
    fromOthers.on('message', others.add)
    await fromOthers.activate()
    await client.publishToTopic({ topic: 'local/a', publishMessage: { jsonMessage: { message: { n: 1 } } } })
    await client.publishToTopic({ topic: 'local/a', publishMessage: { binaryMessage: { message: 'bytes' } } })
    expect((await inbox.next()).jsonMessage).toEqual({ message: { n: 1 }, context: { topic: 'local/a' } })
    const binary = (await inbox.next()).binaryMessage
    expect(Buffer.from(binary?.message as ArrayBuffer).toString()).toBe('bytes')
    expect(binary?.context).toEqual({ topic: 'local/a' })
    await settled()
    expect(others.size).toBe(0)
  })

  test('updateState', async () => {
    await client.updateState({ state: model.ReportedLifecycleState.RUNNING })
    await client.updateState({ state: model.ReportedLifecycleState.ERRORED })
  })

  test('what the nucleus does not have fails, and the connection lives on', async () => {
    const failure = await failureOf(client.getSecretValue({ secretId: 'x' }))
    if (mode === 'lite') {
      expect(failure.type).toBe(rpcErrorType.service)
      expect(failure.serviceError).toEqual({ _message: '', _errorCode: 'ServiceError' })
    } else expect(failure.type).toBe(rpcErrorType.internal)
    await client.getConfiguration({ keyPath: [] })
  })

  test('a wrong token is refused, and one from before a restart', async () => {
    // Classic answers and hangs up: it depends on chance which of the two the SDK sees first.
    const refusals = [rpcErrorType.network, ...(mode === 'classic' ? [rpcErrorType.handshake] : [])]
    expect(refusals).toContain((await failureOf(connect(under.core.socketPath, 'wrong'))).type)
    const token = under.core.issueToken()
    await under.core.faults.restart()
    expect(refusals).toContain((await failureOf(connect(under.core.socketPath, token))).type)
    const fresh = await under.client()
    await fresh.getConfiguration({ keyPath: [] })
  })

  test('disconnect: the client is told, and may come back with its token', async () => {
    const lost = new Promise((resolve) => client.on('disconnection', resolve))
    under.core.faults.disconnect()
    await lost
    await (await under.client()).getConfiguration({ keyPath: [] })
  })

  test('responses come late when told to, in their order', async () => {
    under.core.faults.setDelayMs(60)
    const started = performance.now()
    await client.getConfiguration({ keyPath: [] })
    expect(performance.now() - started).toBeGreaterThanOrEqual(55)
    under.core.faults.setDelayMs(0)
  })

  test('a thousand calls at once', async () => {
    const values = await Promise.all(
      Array.from({ length: 1_000 }, () => client.getConfiguration({ keyPath: ['Deep', 'Leaf'] })),
    )
    expect(values.every(({ value }) => (value as { Leaf: string }).Leaf === 'a')).toBe(true)
  })
})

describe('classic only', () => {
  let under: CoreUnderTest
  let client: IpcClient
  beforeEach(async () => {
    under = await startMode('classic', { inquiryTimeoutMs: 150 })
    client = await under.client()
  })

  const answerValidation = async (status: model.ConfigurationValidityStatus | 'nothing') => {
    const asked = new Inbox<model.ValidateConfigurationUpdateEvent>()
    const stream = client.subscribeToValidateConfigurationUpdates({})
    stream.on(
      'message',
      ({ validateConfigurationUpdateEvent: event }: model.ValidateConfigurationUpdateEvents) => {
        if (event === undefined) return
        asked.add(event)
        if (status === 'nothing') return
        void client.sendConfigurationValidityReport({
          configurationValidityReport: { status, deploymentId: event.deploymentId ?? '', message: 'because' },
        })
      },
    )
    await stream.activate()
    return asked
  }

  test.each([
    { name: 'accepted', status: ConfigurationValidityStatus.ACCEPTED, result: 'applied', interval: 5 },
    { name: 'rejected', status: ConfigurationValidityStatus.REJECTED, result: 'rejected', interval: 300 },
    { name: 'not answered in time', status: 'nothing', result: 'rejected', interval: 300 },
  ] as const)('a configuration update that is $name', async ({ status, result, interval }) => {
    const asked = await answerValidation(status)
    expect(await under.core.updateConfiguration({ Interval: 5 })).toBe(result)
    expect((await asked.next()).configuration).toMatchObject({ Interval: 5, Deep: { Leaf: 'a' } })
    expect((await client.getConfiguration({ keyPath: ['Interval'] })).value).toEqual({ Interval: interval })
  })

  test('a validity report that nobody asked for', async () => {
    const failure = await failureOf(
      client.sendConfigurationValidityReport({
        configurationValidityReport: { status: ConfigurationValidityStatus.ACCEPTED, deploymentId: 'none' },
      }),
    )
    expect(failure.serviceError?._errorCode).toBe('InvalidArgumentsError')
  })

  test('a component update waits for the component that defers it', async () => {
    expect(await under.core.announceComponentUpdate()).toEqual({ kind: 'nobody' })
    const updates = new Inbox<model.ComponentUpdatePolicyEvents>()
    const stream = client.subscribeToComponentUpdates({})
    stream.on('message', updates.add)
    await stream.activate()
    const announced = under.core.announceComponentUpdate({ isNucleusRestarting: true })
    const { preUpdateEvent } = await updates.next()
    expect(preUpdateEvent?.isGgcRestarting).toBe(true)
    await client.deferComponentUpdate({
      deploymentId: preUpdateEvent?.deploymentId ?? '',
      recheckAfterMs: 5_000,
      message: 'a report is on its way',
    })
    expect(await announced).toEqual({
      kind: 'answered',
      answer: { recheckAfterMs: 5_000, message: 'a report is on its way' },
    })
    expect(await under.core.announceComponentUpdate()).toEqual({ kind: 'timeout' })
    expect((await updates.next()).preUpdateEvent).toBeDefined()
    expect((await updates.next()).postUpdateEvent).toBeDefined()
    const failure = await failureOf(client.deferComponentUpdate({ deploymentId: 'late', recheckAfterMs: 1 }))
    expect(failure.serviceError?._errorCode).toBe('ServiceError')
  })

  test('reset goes back to the default and is told', async () => {
    const changed = new Inbox<string[]>()
    const stream = client.subscribeToConfigurationUpdate({ keyPath: [] })
    stream.on('message', (event: model.ConfigurationUpdateEvents) =>
      changed.add(event.configurationUpdateEvent?.keyPath ?? []),
    )
    await stream.activate()
    await under.core.updateConfiguration({ Interval: 5, New: 1 })
    expect(await changed.next()).toEqual(['Interval'])
    expect(await changed.next()).toEqual(['New'])
    await under.core.updateConfiguration({}, ['/Interval', '/New'])
    expect(await changed.next()).toEqual(['Interval'])
    expect(await changed.next()).toEqual(['New'])
    expect((await client.getConfiguration({ keyPath: ['Interval'] })).value).toEqual({ Interval: 300 })
  })

  test('offline: QoS 1 waits in order, QoS 0 is dropped, a full spool refuses', async () => {
    const { inbox } = await subscribe(client, 'probe/#')
    under.core.faults.setOffline(true)
    expect(
      (await failureOf(publish(client, 'probe/0', 'lost', model.QOS.AT_MOST_ONCE))).serviceError?._errorCode,
    ).toBe('ServiceError')
    const part = 'x'.repeat(100_000)
    let taken = 0
    for (; taken < 40; taken += 1) {
      const failed = await publish(client, `probe/${taken}`, part).catch((error: unknown) => error)
      if (failed instanceof Error) break
    }
    expect(taken).toBe(26) // 2.5 MiB in parts of 100,000 bytes
    under.core.publishFromCloud('probe/missed', 'while offline')
    await settled()
    expect(inbox.size).toBe(0)
    under.core.faults.setOffline(false)
    const topics = []
    for (let count = 0; count < taken; count += 1) topics.push((await inbox.next()).topic)
    expect(topics).toEqual(Array.from({ length: taken }, (_, index) => `probe/${index}`))
    await settled()
    expect(inbox.size).toBe(0)
  })

  test('a payload of 128 KiB is published, a larger one not', async () => {
    await publish(client, 'probe/large', new Uint8Array(128 * 1024))
    const failure = await failureOf(publish(client, 'probe/large', new Uint8Array(128 * 1024 + 1)))
    expect(failure.serviceError?._errorCode).toBe('ServiceError')
  })
})

describe('lite only', () => {
  let under: CoreUnderTest
  let client: IpcClient
  beforeEach(async () => {
    under = await startMode('lite')
    client = await under.client()
  })

  test.each([
    { name: 'subscribeToComponentUpdates', call: () => client.subscribeToComponentUpdates({}).activate() },
    { name: 'deferComponentUpdate', call: () => client.deferComponentUpdate({ deploymentId: 'x' }) },
    {
      name: 'subscribeToValidateConfigurationUpdates',
      call: () => client.subscribeToValidateConfigurationUpdates({}).activate(),
    },
    {
      name: 'sendConfigurationValidityReport',
      call: () =>
        client.sendConfigurationValidityReport({
          configurationValidityReport: { status: ConfigurationValidityStatus.ACCEPTED, deploymentId: 'x' },
        }),
    },
  ])('$name is not there', async ({ call }) => {
    const failure = await failureOf(call())
    expect(failure).toMatchObject({ type: 8, serviceError: { _message: '', _errorCode: 'ServiceError' } })
  })

  test('the largest report that fits, and one byte more', async () => {
    const topic = '$aws/things/core-1/defender/metrics/json'
    await publish(client, topic, new Uint8Array(7_353)) // a frame of 9,998 bytes; base64 makes steps of 4
    const lost = new Promise((resolve) => client.on('disconnection', resolve))
    // The SDK never settles this call: nothing tells it that the connection is gone.
    void publish(client, topic, new Uint8Array(7_354)).catch(() => {})
    await lost
  })

  test('offline: nothing is taken', async () => {
    under.core.faults.setOffline(true)
    const failure = await failureOf(publish(client, 'probe/a', 'x'))
    expect(failure.serviceError).toEqual({
      _message: 'Failed to publish the message.',
      _errorCode: 'ServiceError',
    })
    under.core.faults.setOffline(false)
    await publish(client, 'probe/a', 'x')
  })

  test('a message from the cloud that is larger than its buffer never comes', async () => {
    const { inbox } = await subscribe(client, 'probe/#')
    under.core.publishFromCloud('probe/large', 'x'.repeat(6_000))
    under.core.publishFromCloud('probe/small', 'x')
    expect((await inbox.next()).topic).toBe('probe/small')
    expect(under.events.filter(({ event }) => event === 'fault')).toHaveLength(1)
  })

  test('a deleted key is not told', async () => {
    const changed = new Inbox<string[]>()
    const stream = client.subscribeToConfigurationUpdate({ keyPath: [] })
    stream.on('message', (event: model.ConfigurationUpdateEvents) =>
      changed.add(event.configurationUpdateEvent?.keyPath ?? []),
    )
    await stream.activate()
    await under.core.updateConfiguration({ New: { k: 1 } })
    expect(await changed.next()).toEqual(['New', 'k'])
    await under.core.updateConfiguration({ Interval: 5 }, ['/New'])
    expect(await changed.next()).toEqual(['Interval'])
  })
})
