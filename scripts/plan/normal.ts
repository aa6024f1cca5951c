/**
 * Security profiles in a form in which equal meaning is equal data: defaults filled in, sets sorted, names as keys.
 *
 * Defaults are the API reference's: one datapoint to alarm and to clear, a dimension's operator IN, false for the
 * switches. Order means nothing to AWS in lists of behaviors, metrics, ports, addresses, numbers and strings. The two
 * lists of metrics to retain are two ways to say the same; the older one names metrics only.
 */
import type { Behavior, BehaviorCriteria, SecurityProfile } from '../../src/detect/security-profile.ts'
import type { ExistingMitigationAction, MitigationActionDefinition } from '../aws/detect-control-plane.ts'

export type Data = null | boolean | number | string | readonly Data[] | { readonly [key: string]: Data }
export type DataMap = { readonly [key: string]: Data }

type Dimensioned = Pick<Behavior, 'metricDimension'>
interface Retained extends Dimensioned {
  readonly metric: string
  readonly exportMetric?: boolean
}

/** Parts that are empty are left out: for AWS they are the same as absent. */
export function normalProfile(profile: SecurityProfile): DataMap {
  const behaviors = (profile.behaviors ?? []).map((each) => [each.name, normalBehavior(each)] as const)
  return withoutEmpty({
    securityProfileDescription: profile.securityProfileDescription,
    behaviors: Object.fromEntries(behaviors),
    alertTargets: profile.alertTargets,
    additionalMetricsToRetain: normalRetained(profile),
    metricsExportConfig: profile.metricsExportConfig,
  })
}

/** Of groups the order means nothing; a static group is not overridden unless that is said. */
export function normalAction({ roleArn, actionParams }: ExistingMitigationAction): DataMap {
  const { addThingsToThingGroupParams: params, ...others } = actionParams as Partial<
    MitigationActionDefinition['actionParams']
  >
  if (params === undefined) return withoutEmpty({ roleArn, ...others })
  const isOverriding = params.overrideDynamicGroups === true ? true : undefined
  const thingGroupNames = normalSet(params.thingGroupNames)
  return withoutEmpty({
    roleArn,
    addThingsToThingGroupParams: withoutEmpty({ thingGroupNames, overrideDynamicGroups: isOverriding }),
  })
}

/** The form of a set of topic filters. */
export const normalSet = (values: readonly string[]): readonly string[] => [...new Set(values)].sort()

function normalBehavior(behavior: Behavior): DataMap {
  return withoutEmpty({
    metric: behavior.metric,
    metricDimension: normalDimension(behavior),
    criteria: behavior.criteria === undefined ? undefined : normalCriteria(behavior.criteria),
    suppressAlerts: behavior.suppressAlerts === true ? true : undefined,
    exportMetric: behavior.exportMetric === true ? true : undefined,
  })
}

function normalCriteria(criteria: BehaviorCriteria): DataMap {
  if (Object.keys(criteria).length === 0) return {}
  const { value, consecutiveDatapointsToAlarm = 1, consecutiveDatapointsToClear = 1, ...rest } = criteria
  const members = Object.entries(value ?? {}).filter(([, member]) => member !== undefined && member !== null)
  return withoutEmpty({
    ...rest,
    value: Object.fromEntries(members.map(([key, member]) => [key, normalValue(member as Data)])),
    consecutiveDatapointsToAlarm,
    consecutiveDatapointsToClear,
  })
}

function normalValue(value: Data): Data {
  if (!Array.isArray(value)) return value
  const elements = value.map((each) => (typeof each === 'string' ? each : Number(each)))
  return [...new Set(elements)].sort((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1,
  )
}

function normalRetained(profile: SecurityProfile): DataMap {
  const detailed: readonly Retained[] = profile.additionalMetricsToRetainV2 ?? []
  const plain: readonly Retained[] = (profile.additionalMetricsToRetain ?? [])
    .filter((name) => !detailed.some(({ metric }) => metric === name))
    .map((metric) => ({ metric }))
  const entries = [...detailed, ...plain].map((each) => {
    const dimension = normalDimension(each)
    const key = dimension === undefined ? each.metric : `${each.metric} ${Object.values(dimension).join(' ')}`
    return [key, each.exportMetric === true ? 'retained and exported' : 'retained'] as const
  })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function normalDimension({ metricDimension }: Dimensioned): DataMap | undefined {
  if (metricDimension === undefined || metricDimension === null) return undefined
  return { operator: metricDimension.operator ?? 'IN', dimensionName: metricDimension.dimensionName }
}

/** Drops what is absent, null, an empty text or an empty object; of an empty list the kind may matter, so it stays. */
function withoutEmpty(members: Readonly<Record<string, unknown>>): DataMap {
  const kept = Object.entries(members).filter(
    ([, value]) =>
      value !== undefined &&
      value !== null &&
      value !== '' &&
      (typeof value !== 'object' || Array.isArray(value) || Object.keys(value).length > 0),
  )
  return Object.fromEntries(kept) as DataMap
}
