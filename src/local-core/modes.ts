/**
 * The differences between the two nuclei that a component can see, as data; what they have in common is in the other
 * files. Classic: aws-greengrass-nucleus (Java). Lite: aws-greengrass-lite, as its 2.6.0 behaves under systemd.
 */

export type ModeName = 'classic' | 'lite'

export interface Mode {
  readonly name: ModeName
  /** Handed to components as GGC_VERSION. */
  readonly version: string
  /** File name of the IPC socket below the root directory. */
  readonly socketName: string
  /** A longer frame ends the connection. */
  readonly frameBytesMax: number
  /** `:message-flags` of a unary response: classic ends the stream with it, lite leaves that to the client. */
  readonly unaryResponseFlags: number
  /** A wrong token: classic answers with a ConnectAck that accepts nothing and hangs up, lite only hangs up. */
  readonly refusalIsAnswered: boolean
  /** MQTT messages published while offline wait in a spool of so many bytes. */
  readonly spoolBytesMax: number
  /** The largest MQTT payload it publishes for a component. */
  readonly publishBytesMax: number
  /** A larger message from the cloud never reaches the component. */
  readonly inboundBytesMax: number
  /** From SIGTERM to SIGKILL. */
  readonly stopGraceMs: number
  /** From a failure to the next start. */
  readonly restartDelayMs: number
  /** From a deployment's configuration events to the restart that follows them; undefined: no restart. */
  readonly configurationRestartDelayMs: number | undefined
}

export const modes: Readonly<Record<ModeName, Mode>> = {
  classic: {
    name: 'classic',
    version: '2.18.0',
    socketName: 'ipc.socket',
    // The bound of aws-c-event-stream, which the Java nucleus reads frames with.
    frameBytesMax: 24 * 1024 * 1024,
    unaryResponseFlags: 2,
    refusalIsAnswered: true,
    spoolBytesMax: 2.5 * 1024 * 1024, // mqtt.spooler.maxSizeInBytes, its default
    publishBytesMax: 128 * 1024, // mqtt.maxMessageSizeInBytes, its default
    inboundBytesMax: 128 * 1024, // the largest payload that AWS IoT Core takes
    stopGraceMs: 5_000,
    restartDelayMs: 0,
    configurationRestartDelayMs: undefined,
  },
  lite: {
    name: 'lite',
    version: '2.6.0',
    socketName: 'gg-ipc.socket',
    // GGL_IPC_MAX_MSG_LEN, the buffer for one frame. The daemon itself takes a few bytes more; the bound is what counts.
    frameBytesMax: 10_000,
    unaryResponseFlags: 0,
    refusalIsAnswered: false,
    spoolBytesMax: 0,
    publishBytesMax: 128 * 1024,
    // iotcored's network buffer, which also holds the topic.
    inboundBytesMax: 5_000,
    stopGraceMs: 120_000, // TimeoutStopSec of the unit it writes when the recipe has no Timeout
    restartDelayMs: 1_000, // RestartSec of that unit
    configurationRestartDelayMs: 10_000,
  },
}
