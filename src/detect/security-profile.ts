/**
 * An AWS IoT Device Defender security profile: the very JSON that `aws iot create-security-profile --cli-input-json`
 * takes. Parsing gives either a profile that is whole and within every limit, or all that is wrong with it.
 *
 * Sources: iot API reference, CreateSecurityProfile, Behavior, BehaviorCriteria, MetricValue; limits in
 * `profile-limits.ts`. The criteria themselves are checked in `criteria-reader.ts`.
 */
import type { ComparisonOperator } from '../metrics/catalog.ts'
import type { MetricValue } from '../metrics/datapoint.ts'
import type { CustomMetricType } from '../metrics/snapshot.ts'
import { checkBehavior, countElements, metricName, readCriteria } from './criteria-reader.ts'
import type { Statistic } from './percentile.ts'
import * as limits from './profile-limits.ts'
import { boolean, type Context, list, note, object, oneOf, type ProfileFault, text } from './reader.ts'

export interface SecurityProfile {
  readonly securityProfileName: string
  readonly securityProfileDescription?: string
  readonly behaviors?: readonly Behavior[]
  readonly alertTargets?: { readonly SNS?: AlertTarget }
  /** Deprecated by AWS in favour of V2, and in most published profiles. */
  readonly additionalMetricsToRetain?: readonly string[]
  readonly additionalMetricsToRetainV2?: readonly MetricToRetain[]
  readonly metricsExportConfig?: { readonly mqttTopic: string; readonly roleArn: string }
  readonly tags?: readonly { readonly Key: string; readonly Value?: string }[]
}

/** States what is normal: a datapoint that does not meet the criteria is a violation. */
export interface Behavior {
  readonly name: string
  readonly metric: string
  readonly metricDimension?: MetricDimension
  /** Without criteria a behavior only collects or exports its metric. */
  readonly criteria?: BehaviorCriteria
  /** Violations are recorded but nobody is notified. */
  readonly suppressAlerts?: boolean
  readonly exportMetric?: boolean
}

/** Exactly one of `value`, `statisticalThreshold` and `mlDetectionConfig` is set. */
export interface BehaviorCriteria {
  readonly comparisonOperator?: ComparisonOperator
  readonly value?: MetricValue
  readonly durationSeconds?: number
  readonly consecutiveDatapointsToAlarm?: number
  readonly consecutiveDatapointsToClear?: number
  readonly statisticalThreshold?: { readonly statistic: Statistic }
  readonly mlDetectionConfig?: { readonly confidenceLevel: 'LOW' | 'MEDIUM' | 'HIGH' }
}

interface MetricDimension {
  readonly dimensionName: string
  /** Null means IN. */
  readonly operator?: 'IN' | 'NOT_IN' | null
}

interface AlertTarget {
  readonly alertTargetArn: string
  readonly roleArn: string
}

interface MetricToRetain {
  readonly metric: string
  readonly metricDimension?: MetricDimension
  readonly exportMetric?: boolean
}

export interface ParseOptions {
  readonly lenientNumbers?: boolean
  /** Types of the custom metrics that are known; the type of any other is taken from the criteria's value. */
  readonly customMetricTypes?: ReadonlyMap<string, CustomMetricType>
}

export type ParsedProfile =
  | { readonly ok: true; readonly profile: SecurityProfile }
  | { readonly ok: false; readonly faults: readonly ProfileFault[] }

export function parseSecurityProfile(input: unknown, options: ParseOptions = {}): ParsedProfile {
  const context: Context = { faults: [], lenientNumbers: options.lenientNumbers ?? false }
  const profile = readProfile(input, '', context)
  if (profile !== undefined) checkBehaviors(profile, context, options.customMetricTypes ?? new Map())
  return profile !== undefined && context.faults.length === 0
    ? { ok: true, profile }
    : { ok: false, faults: context.faults }
}

/** What is wrong with profiles that are to apply to one device together. */
export function checkProfileSet(profiles: readonly SecurityProfile[]): ProfileFault[] {
  const context: Context = { faults: [], lenientNumbers: false }
  if (profiles.length > limits.PROFILES_PER_TARGET_MAX) {
    note(
      context,
      '',
      `${profiles.length} security profiles, a target takes ${limits.PROFILES_PER_TARGET_MAX}`,
    )
  }
  noteRepeated(
    profiles.map((profile) => profile.securityProfileName),
    (index) => `[${index}].securityProfileName`,
    context,
  )
  return context.faults
}

const name = (what: string) =>
  text({
    min: 1,
    max: limits.NAME_MAX,
    pattern: limits.namePattern,
    meaning: `${what} of 1 to ${limits.NAME_MAX} letters, digits, ":", "_" and "-"`,
  })

const readDimension = object<MetricDimension>(
  {
    dimensionName: name('the name of a dimension,'),
    operator: (value, path, context) =>
      value === null ? null : oneOf(['IN', 'NOT_IN'] as const)(value, path, context),
  },
  ['dimensionName'],
)

const readBehavior = object<Behavior>(
  {
    name: name('a name'),
    metric: metricName,
    metricDimension: readDimension,
    criteria: readCriteria,
    suppressAlerts: boolean,
    exportMetric: boolean,
  },
  // The API's shape asks for the name only, but a behavior about nothing cannot be judged by anyone.
  ['name', 'metric'],
)

const roleArn = text({
  min: limits.ROLE_ARN_MIN,
  max: limits.ROLE_ARN_MAX,
  meaning: `a role ARN of ${limits.ROLE_ARN_MIN} to ${limits.ROLE_ARN_MAX} characters`,
})

const ofDescribe =
  'belongs to the output of describe-security-profile; create-security-profile does not take it'

const readProfile = object<SecurityProfile>(
  {
    securityProfileName: name('a name'),
    securityProfileDescription: text({
      max: limits.DESCRIPTION_MAX,
      pattern: limits.descriptionPattern,
      meaning: `text of at most ${limits.DESCRIPTION_MAX} visible characters and spaces`,
    }),
    behaviors: list(readBehavior, { max: limits.BEHAVIORS_MAX }),
    alertTargets: object<{ SNS?: AlertTarget }>(
      {
        SNS: object<AlertTarget>({ alertTargetArn: text({ min: 1, meaning: 'an ARN' }), roleArn }, [
          'alertTargetArn',
          'roleArn',
        ]),
      },
      [],
    ),
    additionalMetricsToRetain: list(metricName),
    additionalMetricsToRetainV2: list(
      object<MetricToRetain>({ metric: metricName, metricDimension: readDimension, exportMetric: boolean }, [
        'metric',
      ]),
    ),
    metricsExportConfig: object<{ mqttTopic: string; roleArn: string }>(
      {
        mqttTopic: text({
          min: 1,
          max: limits.MQTT_TOPIC_MAX,
          meaning: `a topic of 1 to ${limits.MQTT_TOPIC_MAX} characters`,
        }),
        roleArn,
      },
      ['mqttTopic', 'roleArn'],
    ),
    tags: list(
      object<{ Key: string; Value?: string }>(
        {
          Key: text({
            min: 1,
            max: limits.TAG_KEY_MAX,
            pattern: limits.tagKeyPattern,
            meaning: `a tag key of 1 to ${limits.TAG_KEY_MAX} letters, digits, spaces and _.:/=+-@`,
          }),
          Value: text({
            max: limits.TAG_VALUE_MAX,
            meaning: `text of at most ${limits.TAG_VALUE_MAX} characters`,
          }),
        },
        ['Key'],
      ),
    ),
  },
  ['securityProfileName'],
  {
    securityProfileArn: ofDescribe,
    version: ofDescribe,
    creationDate: ofDescribe,
    lastModifiedDate: ofDescribe,
  },
)

function checkBehaviors(
  profile: SecurityProfile,
  context: Context,
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
): void {
  // A behavior that could not be read at all has its fault already.
  const behaviors = (Array.isArray(profile.behaviors) ? profile.behaviors : []) as (Behavior | undefined)[]
  for (const [index, behavior] of behaviors.entries()) {
    if (behavior !== undefined) checkBehavior(behavior, `behaviors[${index}]`, context, customMetricTypes)
  }
  noteRepeated(
    behaviors.map((behavior) => behavior?.name),
    (index) => `behaviors[${index}].name`,
    context,
  )
  const elements = behaviors.reduce((sum, behavior) => sum + countElements(behavior?.criteria?.value), 0)
  if (elements > limits.VALUE_ELEMENTS_MAX) {
    note(
      context,
      'behaviors',
      `${elements} value elements (counts, addresses, ports ...), a profile takes ${limits.VALUE_ELEMENTS_MAX}`,
    )
  }
}

function noteRepeated(
  names: readonly (string | undefined)[],
  path: (index: number) => string,
  context: Context,
): void {
  const first = new Map<string, number>()
  for (const [index, each] of names.entries()) {
    if (each === undefined) continue
    const earlier = first.get(each)
    if (earlier === undefined) first.set(each, index)
    else note(context, path(index), `must be unique, it is also at ${path(earlier)}`, each)
  }
}
