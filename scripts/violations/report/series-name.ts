/** What a metric is called that a behavior may have narrowed by a dimension: Detect keeps each apart. */
import type { Behavior } from '../../../src/detect/security-profile.ts'

export function seriesName({ metric, metricDimension }: Behavior): string {
  if (metricDimension === undefined) return metric
  return `${metric}, ${metricDimension.operator === 'NOT_IN' ? 'not in' : 'in'} ${metricDimension.dimensionName}`
}
