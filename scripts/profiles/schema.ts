/**
 * The JSON Schema (draft 2020-12) of profile files, for editors: they complete names and mark mistakes while one types.
 * It is made from the tables that the readers use and says what is legal for each metric; what only a whole file or a
 * whole fleet can tell (repeated names, quotas over all elements) is left to `validate`.
 */
import { statistics } from '../../src/detect/percentile.ts'
import * as limits from '../../src/detect/profile-limits.ts'
import {
  comparisonOperators,
  durationsSeconds,
  type MetricDefinition,
  metricCatalog,
} from '../../src/metrics/catalog.ts'
import {
  customMetricTypes,
  DIMENSION_VALUE_CHARACTERS_MAX,
  DIMENSION_VALUES_MAX,
  DISPLAY_NAME_MAX,
  wholeFleetTargets,
} from './shape.ts'

type Schema = Readonly<Record<string, unknown>>

const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
  additionalProperties: false,
})
const array = (items: Schema, more: Schema = {}): Schema => ({ type: 'array', items, ...more })
const text = (maxLength: number, minLength = 1): Schema => ({ type: 'string', minLength, maxLength })
const name: Schema = { ...text(limits.NAME_MAX), pattern: limits.namePattern.source }
const described = (schema: Schema, description: string): Schema => ({ ...schema, description })
const mapOf = (additionalProperties: Schema, propertyNames = name): Schema => ({
  type: 'object',
  propertyNames,
  additionalProperties,
})

/** As text, ended by a line break: what lies in component/profile.schema.json. */
export function profileSchemaText(): string {
  return `${written(profileSchema(), 0, 0)}\n`
}

/** The width that the formatter of this tree keeps to. */
const LINE_MAX = 110

/** JSON as the formatter leaves it: short lists of words on one line, all else one a line. */
function written(value: unknown, indent: number, column: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = ' '.repeat(indent + 2)
  const end = `\n${' '.repeat(indent)}`
  if (Array.isArray(value)) {
    const line = `[${value.map((each) => JSON.stringify(each)).join(', ')}]`
    const isShort = value.every((each) => typeof each !== 'object' || each === null)
    if (isShort && column + line.length + 1 <= LINE_MAX) return line
    return `[\n${value.map((each) => inner + written(each, indent + 2, indent + 2)).join(',\n')}${end}]`
  }
  const members = Object.entries(value).map(([key, member]) => {
    const head = `${inner}${JSON.stringify(key)}: `
    return head + written(member, indent + 2, head.length)
  })
  return `{\n${members.join(',\n')}${end}}`
}

function profileSchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Security profile of AWS IoT Device Defender, and what belongs to it',
    description:
      'What `aws iot create-security-profile --cli-input-json` takes, with targets, custom metrics, dimensions and mitigation actions; or the list of behaviors alone.',
    oneOf: [{ $ref: '#/$defs/profile' }, { $ref: '#/$defs/behaviors' }],
    $defs: {
      profile,
      behaviors: array({ $ref: '#/$defs/behavior' }, { maxItems: limits.BEHAVIORS_MAX }),
      behavior,
      criteria,
      dimension: object({ dimensionName: name, operator: { enum: ['IN', 'NOT_IN', null] } }, [
        'dimensionName',
      ]),
      metric: described(
        { anyOf: [{ enum: [...metricCatalog.keys()] }, { ...name, not: { pattern: '^aws:' } }] },
        'A metric of Device Defender, or the name of a custom metric.',
      ),
      roleArn: { type: 'string', minLength: limits.ROLE_ARN_MIN, maxLength: limits.ROLE_ARN_MAX },
    },
  }
}

const consecutive: Schema = { type: 'integer', minimum: 1, maximum: limits.CONSECUTIVE_MAX, default: 1 }

const value: Schema = described(
  {
    ...object({
      count: { type: 'integer', minimum: 0 },
      cidrs: array(text(limits.CIDR_TEXT_MAX, limits.CIDR_TEXT_MIN)),
      ports: array({ type: 'integer', minimum: 0, maximum: limits.PORT_MAX }),
      number: { type: 'number' },
      numbers: array({ type: 'number' }),
      strings: array({ type: 'string' }),
    }),
    minProperties: 1,
    maxProperties: 1,
  },
  'What the metric is compared with.',
)

const criteria: Schema = {
  ...object({
    comparisonOperator: described(
      { enum: comparisonOperators },
      'Criteria say what is normal: the alarm is raised where this does not hold.',
    ),
    value,
    durationSeconds: described({ enum: durationsSeconds }, 'The window that is added up; not for lists.'),
    consecutiveDatapointsToAlarm: described(consecutive, 'Violations in a row before the alarm.'),
    consecutiveDatapointsToClear: described(
      consecutive,
      'Conforming datapoints in a row before the alarm is cleared.',
    ),
    statisticalThreshold: object({ statistic: { enum: Object.keys(statistics) } }, ['statistic']),
    mlDetectionConfig: object({ confidenceLevel: { enum: ['LOW', 'MEDIUM', 'HIGH'] } }, ['confidenceLevel']),
  }),
  oneOf: ['value', 'statisticalThreshold', 'mlDetectionConfig'].map((member) => ({ required: [member] })),
  dependentRequired: { value: ['comparisonOperator'], statisticalThreshold: ['comparisonOperator'] },
}

const behavior: Schema = {
  ...object(
    {
      name,
      metric: { $ref: '#/$defs/metric' },
      metricDimension: { $ref: '#/$defs/dimension' },
      criteria: { $ref: '#/$defs/criteria' },
      suppressAlerts: described({ type: 'boolean' }, 'Violations are recorded and nobody is told.'),
      exportMetric: { type: 'boolean' },
    },
    ['name', 'metric'],
  ),
  allOf: metricConditions(),
}

/** What the criteria may say, for each group of metrics of one kind. */
function metricConditions(): Schema[] {
  const groups = new Map<string, MetricDefinition[]>()
  for (const definition of metricCatalog.values()) {
    const { member, operators, duration, statistical, dimension } = definition
    const key = JSON.stringify([member, operators, duration, statistical, dimension])
    groups.set(key, [...(groups.get(key) ?? []), definition])
  }
  return [...groups.values()].map((group) => {
    const { member, operators, accumulation, statistical, dimension } = group[0] as MetricDefinition
    const forbidden = {
      ...(accumulation === 'union' ? { durationSeconds: false } : {}),
      ...(statistical ? {} : { statisticalThreshold: false }),
    }
    return {
      if: { properties: { metric: { enum: group.map((each) => each.name) } }, required: ['metric'] },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
      then: {
        properties: {
          criteria: {
            properties: {
              comparisonOperator: { enum: operators },
              value: { required: [member] },
              ...forbidden,
            },
          },
          ...(dimension ? {} : { metricDimension: false }),
        },
      },
    }
  })
}

const roleArn: Schema = { $ref: '#/$defs/roleArn' }

const profile: Schema = object(
  {
    $schema: { type: 'string' },
    securityProfileName: name,
    securityProfileDescription: {
      ...text(limits.DESCRIPTION_MAX, 0),
      pattern: limits.descriptionPattern.source,
    },
    behaviors: { $ref: '#/$defs/behaviors' },
    alertTargets: object({
      SNS: object({ alertTargetArn: text(limits.ROLE_ARN_MAX), roleArn }, ['alertTargetArn', 'roleArn']),
    }),
    additionalMetricsToRetain: { ...array({ $ref: '#/$defs/metric' }), deprecated: true },
    additionalMetricsToRetainV2: array(
      object(
        {
          metric: { $ref: '#/$defs/metric' },
          metricDimension: { $ref: '#/$defs/dimension' },
          exportMetric: { type: 'boolean' },
        },
        ['metric'],
      ),
    ),
    metricsExportConfig: object({ mqttTopic: text(limits.MQTT_TOPIC_MAX), roleArn }, [
      'mqttTopic',
      'roleArn',
    ]),
    tags: array(object({ Key: text(limits.TAG_KEY_MAX), Value: text(limits.TAG_VALUE_MAX, 0) }, ['Key'])),
    targets: described(
      array(
        { anyOf: [{ enum: wholeFleetTargets }, { type: 'string', minLength: 1 }] },
        { uniqueItems: true },
      ),
      'Thing groups by name or ARN, or the whole fleet.',
    ),
    customMetrics: described(
      mapOf(object({ type: { enum: customMetricTypes }, displayName: text(DISPLAY_NAME_MAX, 0) }, ['type'])),
      'Custom metrics to declare in the account, by name.',
    ),
    dimensions: described(
      mapOf(
        object(
          {
            type: { enum: ['TOPIC_FILTER'] },
            stringValues: array(text(DIMENSION_VALUE_CHARACTERS_MAX), {
              minItems: 1,
              maxItems: DIMENSION_VALUES_MAX,
            }),
          },
          ['stringValues'],
        ),
      ),
      'Topic filters that narrow cloud-side metrics, by name.',
    ),
    mitigationActions: described(
      mapOf(
        object(
          {
            roleArn,
            actionParams: object(
              {
                addThingsToThingGroupParams: object(
                  {
                    thingGroupNames: array(name, { maxItems: 10 }),
                    overrideDynamicGroups: { type: 'boolean' },
                  },
                  ['thingGroupNames'],
                ),
              },
              ['addThingsToThingGroupParams'],
            ),
          },
          ['roleArn', 'actionParams'],
        ),
        { ...name, pattern: limits.namePattern.source.replace(':', '') },
      ),
      'Actions that an operator can take on a violation, by name.',
    ),
  },
  ['securityProfileName'],
)
