/**
 * How big the things may be that this folder writes and reads. AWS publishes no limit of Device Defender's own for a
 * report or the length of its lists; what binds is the transport.
 */

/**
 * A report must fit into one MQTT message. AWS IoT Core takes payloads of up to 128 KB (AWS General Reference,
 * "AWS IoT Core endpoints and quotas", maximum publish payload); this reads KB as 1,000 bytes, the smaller of its two
 * meanings, as AWS's own C agent does.
 */
export const REPORT_BYTES_MAX = 128_000

/** A reply comes in an MQTT message too; 128 KB in its larger meaning, so that nothing the broker carries is refused. */
export const REPLY_BYTES_MAX = 128 * 1024

/** A reply's code and text go into a log line; AWS's known ones have under 40 characters. */
export const REPLY_TEXT_MAX = 500

/** Faults that a check of one report names: enough to mend it, few enough to print whatever was handed in. */
export const REPORT_FAULTS_MAX = 50

/** AWS IoT API reference, CreateThing: `thingName` has 1 to 128 characters, all of them single-byte. */
export const THING_NAME_MAX = 128

/**
 * The smallest entry of a list, a connection to `1.1.1.1:1` without an interface: `{"remote_addr":"1.1.1.1:1","local_port":1},`
 * has 43 bytes. Lists longer than a report of `maxBytes` could hold need not be made.
 */
const ENTRY_BYTES_MIN = { json: { long: 43, short: 27 }, cbor: { long: 35, short: 19 } } as const

export const entriesMax = (maxBytes: number, format: 'json' | 'cbor', spelling: 'long' | 'short'): number =>
  Math.ceil(maxBytes / ENTRY_BYTES_MIN[format][spelling])
