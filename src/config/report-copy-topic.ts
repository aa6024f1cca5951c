/**
 * The topic for a second copy of each report: one of the operator's own, or of an AWS IoT rule by Basic Ingest
 * (`$aws/rules/<rule>/…`). `{thingName}` in it stands for the name of the thing.
 *
 * Bounds: "AWS IoT Core message broker and protocol limits and quotas" and "Reserved topics" in the AWS documentation.
 */
import { text, type Value } from './values.ts'

const TOPIC_BYTES_MAX = 256
const SLASHES_MAX = 7

const TAKES = 'a topic without wildcards'

/** These levels of a Basic Ingest topic count neither as bytes nor as slashes. */
const BASIC_INGEST = /^\$aws\/rules\/[a-zA-Z0-9_]+\//

export function reportCopyTopic(): Value<string, string> {
  return text(TAKES, topicProblem)
}

function topicProblem(topic: string): string | undefined {
  const counted = topic.replace(BASIC_INGEST, '')
  if (/[+#]/.test(topic)) return `is not ${TAKES}: one publishes to a topic, not to a filter`
  if (/\p{Cc}/u.test(topic)) return `is not ${TAKES}: it holds a control character`
  if (counted.startsWith('$')) return 'begins with $, which only $aws/rules/<rule>/… may'
  if (counted === '') return 'has nothing after the name of the rule'
  if (/[{}]/.test(topic.replaceAll('{thingName}', ''))) return 'holds braces other than those of {thingName}'
  if (Buffer.byteLength(counted) > TOPIC_BYTES_MAX)
    return `is longer than ${TOPIC_BYTES_MAX} bytes, AWS's bound`
  const slashes = counted.split('/').length - 1
  return slashes > SLASHES_MAX
    ? `has ${slashes} slashes, ${SLASHES_MAX} is the most that AWS takes`
    : undefined
}
