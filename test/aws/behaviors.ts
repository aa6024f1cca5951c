/**
 * What the service says of behaviors beyond their shapes, for ValidateSecurityProfileBehaviors and for creating and
 * updating. Sources: iot API reference, Behavior and BehaviorCriteria; the one message of the real service that is
 * published is that on consecutiveDatapointsToAlarm ("aws iot validate-security-profile-behaviors" in the CLI
 * reference), the others follow its form.
 */
import type { Account, MetricToRetain, StoredBehavior } from './account.ts'

const CRITERIA_MODES = ['value', 'statisticalThreshold', 'mlDetectionConfig']
/** API reference, BehaviorCriteria. */
const CONSECUTIVE = ['consecutiveDatapointsToAlarm', 'consecutiveDatapointsToClear']
/** General Reference, quotas of Device Defender: behavior metric value elements of a profile. */
const VALUE_ELEMENTS_MAX = 1000

export function behaviorErrors(account: Account, behaviors: readonly StoredBehavior[]): string[] {
  const names = behaviors.map(({ name }) => name)
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
  const elements = behaviors.reduce((sum, behavior) => sum + countElements(behavior), 0)
  return [
    ...repeated.map((name) => `Behavior ${name} is duplicated`),
    ...(elements > VALUE_ELEMENTS_MAX
      ? [`Behaviors have ${elements} value elements, the limit is ${VALUE_ELEMENTS_MAX}`]
      : []),
    ...behaviors.flatMap((behavior) =>
      [...criteriaErrors(behavior), ...referenceErrors(account, behavior)].map(
        (problem) => `Behavior ${behavior.name} is malformed. ${problem}`,
      ),
    ),
  ]
}

/** Custom metrics and dimensions that a part of a profile names and the account does not have. */
export function referenceErrors(account: Account, part: Partial<MetricToRetain>): string[] {
  const { metric, metricDimension } = part
  const isMissing = metric !== undefined && !metric.startsWith('aws:') && !account.customMetrics.has(metric)
  const dimension = metricDimension?.dimensionName
  return [
    ...(isMissing ? [`metric ${metric} does not exist`] : []),
    ...(dimension !== undefined && !account.dimensions.has(dimension)
      ? [`dimension ${dimension} does not exist`]
      : []),
  ]
}

function criteriaErrors({ criteria }: StoredBehavior): string[] {
  if (criteria === undefined) return []
  const ranges = CONSECUTIVE.filter((member) => {
    const value = criteria[member]
    return typeof value === 'number' && (value < 1 || value > 10)
  }).map((member) => `${member} ${criteria[member]} should be in range[1,10]`)
  const modes = CRITERIA_MODES.filter((mode) => criteria[mode] !== undefined && criteria[mode] !== null)
  return modes.length === 1 ? ranges : [...ranges, `exactly one of ${CRITERIA_MODES.join(', ')} is required`]
}

function countElements({ criteria }: StoredBehavior): number {
  const value = (criteria?.value ?? {}) as Readonly<Record<string, unknown>>
  return Object.values(value).reduce<number>((sum, each) => sum + (Array.isArray(each) ? each.length : 1), 0)
}
