/** The namespace `eventstream` of `aws-crt`, as far as the Greengrass IPC client uses it. */
export { ClientConnection } from './connection.ts'
export { Header } from './headers.ts'
export { MessageFlags, MessageType } from './message.ts'
export { ClientStream } from './stream.ts'
