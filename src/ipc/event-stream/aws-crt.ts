/**
 * Stands in the place of the package `aws-crt` below `aws-iot-device-sdk-v2`'s Greengrass IPC client: the build
 * aliases `aws-crt` to this file, so that the artifact holds no native code and runs wherever Node does.
 *
 * It has exactly the names that `dist/greengrasscoreipc.js`, `dist/eventstream_rpc.js` and what those import take
 * from `aws-crt`; the names and shapes follow that package's published type declarations. A test compares the
 * SDK's files with this one, so that a newer SDK that wants more is noticed at once.
 *
 * Where it differs from `aws-crt` on purpose:
 * - a call that is waiting when the connection or its stream goes away is rejected (there it waits for ever);
 * - pings are answered; frames that break a bound or the protocol end the connection;
 * - only Unix sockets, no TLS: a nucleus offers nothing else to its components.
 */
export * as cancel from './cancel.ts'
export { CrtError } from './crt-error.ts'
export * as eventstream from './eventstream.ts'
export * as io from './io.ts'
