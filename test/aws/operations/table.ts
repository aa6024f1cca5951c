/** Every operation that is imitated. */
import { customMetricOperations } from './custom-metrics.ts'
import { dimensionOperations } from './dimensions.ts'
import { mitigationActionOperations } from './mitigation-actions.ts'
import type { Operations } from './operation.ts'
import { securityProfileOperations } from './security-profiles.ts'
import { tagOperations } from './tags.ts'
import { targetOperations } from './targets.ts'

export const handlers: Operations = {
  ...securityProfileOperations,
  ...targetOperations,
  ...customMetricOperations,
  ...dimensionOperations,
  ...mitigationActionOperations,
  ...tagOperations,
}
