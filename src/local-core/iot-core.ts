/**
 * AWS IoT Core as the nucleus sees it: a broker for the device's messages, with the link to it that can fail.
 *
 * Sources: AWS IoT Core developer guide, "Reserved topics" and "Basic Ingest" (a rule's topic reaches no subscriber);
 * classic's MqttClient and Spool (QoS 1 waits in memory while offline, QoS 0 is dropped); lite has no spool.
 */
import { type DefenderStandIn, parseReservedTopic } from './defender-stand-in.ts'
import type { LocalCoreEvent } from './events.ts'
import type { Mode } from './modes.ts'
import { Router } from './mqtt-router.ts'
import { OperationError } from './operations/operation.ts'
import { readablePayload } from './payload.ts'

export interface IotCoreOptions {
  readonly mode: Mode
  readonly defender: DefenderStandIn
  now(): number
  onEvent(event: LocalCoreEvent): void
}

export class IotCore {
  readonly #options: IotCoreOptions
  readonly #router = new Router<Uint8Array>()
  #offline = false
  /** Classic's spool: oldest first. Lost when the nucleus restarts, for its default storage is memory. */
  #spool: { readonly topic: string; readonly payload: Uint8Array }[] = []
  #spooledBytes = 0

  constructor(options: IotCoreOptions) {
    this.#options = options
  }

  /** From the component. Returns when the nucleus has taken the message over, which is not when the cloud has. */
  publishFromDevice(topic: string, payload: Uint8Array, qos: 0 | 1): void {
    const { mode } = this.#options
    if (payload.length > mode.publishBytesMax) {
      throw this.#failure(topic, `message of ${payload.length} bytes exceeds ${mode.publishBytesMax}`)
    }
    if (!this.#offline) {
      this.#deliver(topic, payload)
      return
    }
    if (qos === 0) throw this.#failure(topic, 'Device is offline. Dropping QoS 0 message.')
    if (this.#spooledBytes + payload.length > mode.spoolBytesMax || mode.spoolBytesMax === 0) {
      throw this.#failure(topic, 'Message spool is full. Message could not be added.')
    }
    this.#spool.push({ topic, payload })
    this.#spooledBytes += payload.length
  }

  /** From anyone else: rules, other devices, the Device Defender service. Lost while the device is offline. */
  publishFromCloud(topic: string, payload: Uint8Array): void {
    const { mode, now, onEvent } = this.#options
    if (this.#offline) return
    if (topic.length + payload.length > mode.inboundBytesMax) {
      const fault = `dropped: ${payload.length} bytes on ${topic}, more than the nucleus takes in`
      onEvent({ event: 'fault', at: now(), fault })
      return
    }
    this.#router.publish(topic, payload)
  }

  subscribe(filter: string, deliver: (topic: string, payload: Uint8Array) => void): () => void {
    return this.#router.subscribe(filter, deliver)
  }

  setOffline(offline: boolean): void {
    this.#offline = offline
    if (offline) return
    const waiting = this.#spool
    this.loseSpool()
    for (const { topic, payload } of waiting) this.#deliver(topic, payload)
  }

  loseSpool(): void {
    this.#spool = []
    this.#spooledBytes = 0
  }

  #deliver(topic: string, payload: Uint8Array): void {
    const reserved = parseReservedTopic(topic)
    if (reserved !== undefined) {
      this.#options.defender.take(reserved, payload)
      return
    }
    this.#options.onEvent({
      event: 'message',
      at: this.#options.now(),
      via: 'iot-core',
      topic,
      bytes: payload.length,
      payload: readablePayload(payload),
    })
    if (!topic.startsWith('$aws/')) this.publishFromCloud(topic, payload)
  }

  #failure(topic: string, reason: string): OperationError {
    const message =
      this.#options.mode.name === 'lite'
        ? 'Failed to publish the message.'
        : `Publish to topic ${topic} failed with error ${reason}`
    return new OperationError('ServiceError', message)
  }
}
