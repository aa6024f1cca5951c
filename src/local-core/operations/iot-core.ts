/**
 * PublishToIoTCore and SubscribeToIoTCore.
 * Source: Greengrass developer guide, "Publish/subscribe AWS IoT Core MQTT messages"; payloads are base64 on the wire.
 */
import type { IotCore } from '../iot-core.ts'
import { isTopicFilter, isTopicName } from '../mqtt-router.ts'
import { type Call, type Operation, OperationError, streaming, text, unary } from './operation.ts'

export interface IotCoreServices {
  readonly iotCore: IotCore
  /** Throws an UnauthorizedError unless the component's accessControl permits it. */
  authorize(call: Call, service: string, resource: string): void
}

const SERVICE = 'aws.greengrass.ipc.mqttproxy'

export const iotCoreOperations = (services: IotCoreServices): Record<string, Operation> => ({
  PublishToIoTCore: unary((call) => publishToIoTCore(services, call)),
  SubscribeToIoTCore: streaming((call) => subscribeToIoTCore(services, call)),
})

function publishToIoTCore({ iotCore, authorize }: IotCoreServices, call: Call): object {
  const topic = text(call, 'topicName')
  authorize(call, SERVICE, topic)
  if (!isTopicName(topic))
    throw new OperationError('InvalidArgumentsError', `${topic}: not a topic to publish to`)
  const payload = call.request.payload ?? ''
  if (typeof payload !== 'string')
    throw new OperationError('InvalidArgumentsError', 'payload: expected base64')
  // Absent, the nucleus takes QoS 1.
  iotCore.publishFromDevice(topic, Buffer.from(payload, 'base64'), call.request.qos === '0' ? 0 : 1)
  return {}
}

function subscribeToIoTCore({ iotCore, authorize }: IotCoreServices, call: Call): object {
  const filter = text(call, 'topicName')
  authorize(call, SERVICE, filter)
  if (!isTopicFilter(filter)) throw new OperationError('ServiceError', `${filter}: not a topic filter`)
  call.stream.onClose(
    iotCore.subscribe(filter, (topicName, payload) =>
      call.stream.send('IoTCoreMessage', {
        message: { topicName, payload: Buffer.from(payload).toString('base64') },
      }),
    ),
  )
  return {}
}
