/**
 * How many bytes of payload fit into one PublishToIoTCore request.
 *
 * The classic nucleus takes what AWS IoT Core takes, 128 KiB. Nucleus lite closes
 * the connection on a frame above 10,000 bytes (`GGL_IPC_MAX_MSG_LEN`), and the payload travels in it as base64 within
 * JSON, so that the topic's length counts too.
 */
import type { NucleusKind } from './core-client.ts'

const MQTT_PAYLOAD_BYTES_MAX = 128 * 1024
const LITE_FRAME_BYTES_MAX = 10_000

/** Prelude (two lengths and their checksum) and the checksum of the message: Smithy's event stream encoding. */
const FRAME_BYTES = 12 + 4
/** `:message-type`, `:message-flags` and `:stream-id`, each a name, a type byte and an int32. */
const INT_HEADERS_BYTES = [':message-type', ':message-flags', ':stream-id'].reduce(
  (sum, name) => sum + 1 + name.length + 1 + 4,
  0,
)
/** `operation`: a name, a type byte, a length and text. The SDK sends no other text header with a request. */
const OPERATION_HEADER_BYTES = 1 + 'operation'.length + 1 + 2 + 'aws.greengrass#PublishToIoTCore'.length
/** A topic that grew by renaming is no reason to lose the connection. */
const SPARE_BYTES = 8

export function publishBytesMax(kind: NucleusKind, topic: string): number {
  if (kind === 'classic') return MQTT_PAYLOAD_BYTES_MAX
  const request = JSON.stringify({ topicName: topic, qos: '1', payload: '' })
  const overhead =
    FRAME_BYTES + INT_HEADERS_BYTES + OPERATION_HEADER_BYTES + Buffer.byteLength(request) + SPARE_BYTES
  return Math.max(0, Math.floor((LITE_FRAME_BYTES_MAX - overhead) / 4) * 3)
}
