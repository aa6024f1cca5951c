/**
 * The nucleus at the other end of the IPC socket, through the Greengrass client of `aws-iot-device-sdk-v2`.
 *
 * Each call ends by its reply, by the time-out, or with the connection: the SDK by itself leaves a call that was on
 * its way when the connection broke pending for ever. A client connects once; after that a new one has to be made.
 *
 * Where and as whom to connect comes from the environment that the nucleus gives a component:
 * AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT and SVCUID.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamingOperation } from 'aws-iot-device-sdk-v2/dist/eventstream_rpc.js'
import {
  ConfigurationValidityStatus,
  type IoTCoreMessage,
  QOS,
  ReportedLifecycleState,
} from 'aws-iot-device-sdk-v2/dist/greengrasscoreipc/model.js'
import { createClient } from 'aws-iot-device-sdk-v2/dist/greengrasscoreipc.js'
import {
  type CoreClient,
  IpcError,
  type Message,
  type NucleusKind,
  type ValidateConfigurationEvent,
} from './core-client.ts'
import { toIpcError } from './errors.ts'
import { publishBytesMax } from './frame-limits.ts'

/** A nucleus on a busy board answers within a second; the classic one gives its own components 10. */
const CALL_TIMEOUT_MS = 10_000
/** To say goodbye; afterwards the connection is left to the end of the process or of the nucleus. */
const CLOSE_TIMEOUT_MS = 1_000

type SdkClient = ReturnType<typeof createClient>

/** Connects or throws an IpcError. `onStreamLost` hears of a subscription that ended while the connection did not. */
export async function connectToNucleus(
  onStreamLost: (operation: string, error?: unknown) => void,
  callTimeoutMs = CALL_TIMEOUT_MS,
): Promise<CoreClient> {
  const client = makeClient()
  let isClosing = false
  /** How to end each call under way. A set, and not `closed.then` for each: that would keep every call for ever. */
  const underWay = new Set<(reason: string) => void>()
  const closed = new Promise<string>((resolve) => {
    client.on('disconnection', (event) => {
      const reason = isClosing ? 'closed by us' : String(event?.reason ?? 'unknown')
      for (const end of underWay) end(reason)
      resolve(reason)
    })
  })

  async function close(): Promise<void> {
    // The SDK first tells the nucleus of each subscription that ends, and waits for as long as it does not read.
    await Promise.race([client.close(), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]).catch(() => {})
  }

  async function call<T>(operation: string, action: () => Promise<T>): Promise<T> {
    const result = action()
    // The loser of the race must not become an unhandled rejection.
    result.catch(() => {})
    let finish = () => {}
    const end = new Promise<never>((_, reject) => {
      const onLost = (reason: string) =>
        reject(new IpcError('disconnected', operation, `the connection to the nucleus was lost: ${reason}`))
      const onLate = () => {
        reject(new IpcError('timeout', operation, `no reply within ${callTimeoutMs / 1000} s`))
        // The SDK keeps a call that got no reply for as long as the connection lives, and a nucleus that does not answer
        // seldom begins to: a new connection is the cure for both.
        void close()
      }
      const timer = setTimeout(onLate, callTimeoutMs)
      underWay.add(onLost)
      finish = () => {
        clearTimeout(timer)
        underWay.delete(onLost)
      }
    })
    try {
      return await Promise.race([result, end])
    } catch (error) {
      throw toIpcError(operation, error)
    } finally {
      finish()
    }
  }

  async function subscribe<Request, Response, Event>(
    operation: string,
    stream: StreamingOperation<Request, Response, void, Event>,
    onEvent: (event: Event) => void,
  ): Promise<void> {
    let isActive = false
    // Before activate(): an event that comes together with the reply would find no listener.
    stream.on('message', onEvent)
    stream.on('streamError', (error) => onStreamLost(operation, error))
    stream.on('ended', () => {
      if (isActive && !isClosing) onStreamLost(operation)
    })
    await call(operation, () => stream.activate())
    isActive = true
  }

  async function connect(): Promise<NucleusKind> {
    await call('Connect', () => client.connect())
    return findNucleusKind(client, call)
  }
  const kind = await connect().catch(async (error) => {
    await close()
    throw error
  })

  return {
    kind,
    closed,
    publishBytesMax: (topic) => publishBytesMax(kind, topic),

    // The SDK insists on a key path; the empty one is the whole configuration.
    getConfiguration: async () =>
      (await call('GetConfiguration', () => client.getConfiguration({ keyPath: [] }))).value,

    subscribeToConfigurationUpdate: (onChange) =>
      subscribe(
        'SubscribeToConfigurationUpdate',
        client.subscribeToConfigurationUpdate({ keyPath: [] }),
        ({ configurationUpdateEvent }) => configurationUpdateEvent && onChange(),
      ),

    subscribeToValidateConfigurationUpdates: (judge) =>
      subscribe(
        'SubscribeToValidateConfigurationUpdates',
        client.subscribeToValidateConfigurationUpdates({}),
        ({ validateConfigurationUpdateEvent: event }) => {
          if (event === undefined) return
          const report = validityReport(event, judge)
          call('SendConfigurationValidityReport', () => client.sendConfigurationValidityReport(report)).catch(
            (error) => onStreamLost('SendConfigurationValidityReport', error),
          )
        },
      ),

    publishToIoTCore: async (topicName, payload) => {
      const bytesMax = publishBytesMax(kind, topicName)
      if (payload.length > bytesMax) {
        const detail = `${payload.length} bytes to ${topicName} are more than the ${bytesMax} that this nucleus takes`
        throw new IpcError('too-large', 'PublishToIoTCore', detail)
      }
      await call('PublishToIoTCore', () =>
        client.publishToIoTCore({ topicName, payload: toArrayBuffer(payload), qos: QOS.AT_LEAST_ONCE }),
      )
    },

    subscribeToIoTCore: (topicName, onMessage) =>
      subscribe(
        'SubscribeToIoTCore',
        client.subscribeToIoTCore({ topicName, qos: QOS.AT_LEAST_ONCE }),
        (event) => {
          const message = toMessage(event)
          if (message !== undefined) onMessage(message)
        },
      ),

    publishToTopic: async (topic, json) => {
      await call('PublishToTopic', () =>
        client.publishToTopic({ topic, publishMessage: { jsonMessage: { message: json } } }),
      )
    },

    updateState: async (state) => {
      await call('UpdateState', () => client.updateState({ state: ReportedLifecycleState[state] }))
    },

    subscribeToComponentUpdates: (deferMs) =>
      subscribe(
        'SubscribeToComponentUpdates',
        client.subscribeToComponentUpdates({}),
        ({ preUpdateEvent }) => {
          if (preUpdateEvent === undefined) return
          const recheckAfterMs = deferMs(preUpdateEvent.isGgcRestarting)
          const { deploymentId } = preUpdateEvent
          const message = recheckAfterMs === 0 ? 'ready' : 'a report is on its way'
          call('DeferComponentUpdate', () =>
            client.deferComponentUpdate({ deploymentId, message, recheckAfterMs }),
          ).catch((error) => onStreamLost('DeferComponentUpdate', error))
        },
      ),

    close: async () => {
      isClosing = true
      await close()
    },
  }
}

function makeClient(): SdkClient {
  try {
    return createClient()
  } catch (error) {
    throw toIpcError('Connect', error)
  }
}

/**
 * Lite has no SubscribeToComponentUpdates and refuses it within milliseconds; classic has it and no side effect comes
 * from subscribing without answering. A time-out here is an error, not a guess.
 */
async function findNucleusKind(
  client: SdkClient,
  call: <T>(operation: string, action: () => Promise<T>) => Promise<T>,
): Promise<NucleusKind> {
  const stream = client.subscribeToComponentUpdates({})
  stream.on('streamError', () => {})
  try {
    await call('SubscribeToComponentUpdates', () => stream.activate())
    stream.close().catch(() => {})
    return 'classic'
  } catch (error) {
    if (error instanceof IpcError && error.code === 'unsupported') return 'lite'
    throw error
  }
}

function validityReport(
  event: ValidateConfigurationEvent | { deploymentId: string; configuration?: unknown },
  judge: Parameters<CoreClient['subscribeToValidateConfigurationUpdates']>[0],
) {
  const { deploymentId } = event
  const verdict = judge({ deploymentId, configuration: event.configuration })
  return {
    configurationValidityReport: verdict.accepted
      ? { deploymentId, status: ConfigurationValidityStatus.ACCEPTED }
      : { deploymentId, status: ConfigurationValidityStatus.REJECTED, message: verdict.message },
  }
}

function toMessage({ message }: IoTCoreMessage): Message | undefined {
  return message === undefined ? undefined : { topic: message.topicName, payload: toBytes(message.payload) }
}

function toBytes(payload: unknown): Uint8Array {
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload)
  if (ArrayBuffer.isView(payload))
    return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
  return Buffer.from(typeof payload === 'string' ? payload : '')
}

const toArrayBuffer = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
