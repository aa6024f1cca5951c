/**
 * PublishToTopic and SubscribeToTopic: messages between components on this core device.
 * Source: Greengrass developer guide, "Publish/subscribe local messages".
 */
import { isTopicFilter, isTopicName, type Router } from '../mqtt-router.ts'
import { type Call, type Operation, OperationError, streaming, text, unary } from './operation.ts'

/** As on the wire: one of the two, binary in base64. */
export interface LocalMessage {
  readonly from: string
  readonly jsonMessage?: { readonly message: unknown }
  readonly binaryMessage?: { readonly message: string }
}

export interface LocalTopicServices {
  readonly localTopics: Router<LocalMessage>
  authorize(call: Call, service: string, resource: string): void
  onMessage(topic: string, message: LocalMessage): void
}

const SERVICE = 'aws.greengrass.ipc.pubsub'

export const localTopicOperations = (services: LocalTopicServices): Record<string, Operation> => ({
  PublishToTopic: unary((call) => publishToTopic(services, call)),
  SubscribeToTopic: streaming((call) => subscribeToTopic(services, call)),
})

function publishToTopic({ localTopics, authorize, onMessage }: LocalTopicServices, call: Call): object {
  const topic = text(call, 'topic')
  authorize(call, SERVICE, topic)
  if (!isTopicName(topic)) throw new OperationError('ServiceError', `${topic}: not a topic to publish to`)
  const message = { from: call.component, ...publishedMessage(call.request.publishMessage) }
  onMessage(topic, message)
  localTopics.publish(topic, message)
  return {}
}

function publishedMessage(publishMessage: unknown): Omit<LocalMessage, 'from'> {
  const { jsonMessage, binaryMessage } = (publishMessage ?? {}) as Record<
    string,
    { message?: unknown } | undefined
  >
  if (jsonMessage !== undefined) return { jsonMessage: { message: jsonMessage.message } }
  const base64 = binaryMessage?.message
  if (typeof base64 === 'string') return { binaryMessage: { message: base64 } }
  throw new OperationError('ServiceError', 'publishMessage: expected jsonMessage or binaryMessage')
}

function subscribeToTopic({ localTopics, authorize }: LocalTopicServices, call: Call): object {
  const filter = text(call, 'topic')
  authorize(call, SERVICE, filter)
  if (!isTopicFilter(filter))
    throw new OperationError('InvalidArgumentsError', `${filter}: not a topic filter`)
  const othersOnly = call.request.receiveMode === 'RECEIVE_MESSAGES_FROM_OTHERS'
  call.stream.onClose(
    localTopics.subscribe(filter, (topic, { from, jsonMessage, binaryMessage }) => {
      if (othersOnly && from === call.component) return
      const context = { topic }
      call.stream.send('SubscriptionResponseMessage', {
        ...(jsonMessage && { jsonMessage: { ...jsonMessage, context } }),
        ...(binaryMessage && { binaryMessage: { ...binaryMessage, context } }),
      })
    }),
  )
  return {}
}
