/** Every operation of AWS IoT that is imitated. */
import { customMetricOperations } from './custom-metrics.ts'
import { detectTaskOperations } from './detect-tasks.ts'
import { dimensionOperations } from './dimensions.ts'
import { jobOperations } from './jobs.ts'
import { mitigationActionOperations } from './mitigation-actions.ts'
import type { Operations } from './operation.ts'
import { securityProfileOperations } from './security-profiles.ts'
import { tagOperations } from './tags.ts'
import { targetOperations } from './targets.ts'
import { thingGroupOperations } from './thing-groups.ts'
import { thingOperations } from './things.ts'
import { topicRuleOperations } from './topic-rules.ts'
import { violationOperations } from './violations.ts'

export const handlers: Operations = {
  ...securityProfileOperations,
  ...targetOperations,
  ...customMetricOperations,
  ...dimensionOperations,
  ...mitigationActionOperations,
  ...tagOperations,
  ...thingGroupOperations,
  ...thingOperations,
  ...topicRuleOperations,
  ...jobOperations,
  ...violationOperations,
  ...detectTaskOperations,
}
