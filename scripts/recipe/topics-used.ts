/** What the agent publishes and subscribes to, in the words of `accessControl`, from the code's own list of topics. */
import { ownTopics, reportTopics } from '../../src/report/topics.ts'
import type { TopicUse } from './access-control.ts'

/** Some thing; what is permitted to one must be permitted to all. */
const THING_NAME = 'some-thing'

/** Topics of the operator's own (`ReportCopyTopic`) need a policy of the operator's own, and are not here. */
export function topicsUsed(): TopicUse[] {
  const replies = (['json', 'cbor'] as const).map((format) => reportTopics(THING_NAME, format))
  const { reports, violations, health } = ownTopics(THING_NAME)
  return [
    ...[...replies.map(({ publish }) => publish), reports, violations, health].map(
      onCore('aws.greengrass#PublishToIoTCore'),
    ),
    ...replies
      .flatMap(({ accepted, rejected }) => [accepted, rejected])
      .map(onCore('aws.greengrass#SubscribeToIoTCore')),
    { service: 'aws.greengrass.ipc.pubsub', operation: 'aws.greengrass#PublishToTopic', topic: violations },
  ]
}

const onCore = (operation: string) => (topic: string) => ({
  service: 'aws.greengrass.ipc.mqttproxy' as const,
  operation,
  topic,
})
