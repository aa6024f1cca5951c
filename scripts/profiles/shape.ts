/**
 * What a profile file holds beside the security profile: where it is attached, and what it needs in the account.
 *
 * Sources: iot API reference, CreateCustomMetric, CreateDimension, CreateMitigationAction and AttachSecurityProfile;
 * developer guide, "Scoping metrics in security profiles using dimensions" and "Mitigation actions" (which of them serve
 * Detect); General Reference, Device Defender quotas.
 */
import * as limits from '../../src/detect/profile-limits.ts'
import { type Context, list, note, object, oneOf, type Reader, text } from '../../src/detect/reader.ts'
import { customMetricNameFault } from '../../src/metrics/custom.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'

export interface CustomMetricDeclaration {
  readonly type: CustomMetricType
  readonly displayName?: string
}

export interface DimensionDeclaration {
  readonly type: 'TOPIC_FILTER'
  readonly stringValues: readonly string[]
}

export interface MitigationActionDeclaration {
  readonly roleArn: string
  readonly actionParams: {
    /** The only action that serves alarms of Detect. */
    readonly addThingsToThingGroupParams: {
      readonly thingGroupNames: readonly string[]
      readonly overrideDynamicGroups?: boolean
    }
  }
}

export interface Belongings {
  readonly targets: readonly string[]
  readonly customMetrics: ReadonlyMap<string, CustomMetricDeclaration>
  readonly dimensions: ReadonlyMap<string, DimensionDeclaration>
  readonly mitigationActions: ReadonlyMap<string, MitigationActionDeclaration>
}

export const belongingNames = ['targets', 'customMetrics', 'dimensions', 'mitigationActions'] as const

export const customMetricTypes = ['number', 'number-list', 'string-list', 'ip-address-list'] as const
export const DIMENSION_VALUES_MAX = 100
export const DIMENSION_VALUE_CHARACTERS_MAX = 256
export const DISPLAY_NAME_MAX = 128
const THING_GROUPS_MAX = 10

/** Targets that are no thing group: developer guide, "How to use Device Defender Detect". */
export const wholeFleetTargets = ['all/things', 'all/registered-things', 'all/unregistered-things'] as const

/** `arn:aws:iot:eu-west-1:123456789012:thinggroup/gateways`, or one of `...:all/things`. */
const targetArn =
  /^arn:aws[\w-]*:iot:[\w-]+:\d{12}:(thinggroup\/[a-zA-Z0-9:_-]{1,128}|all\/(things|(un)?registered-things))$/

const target: Reader<string> = (value, path, context) => {
  const isWholeFleet = wholeFleetTargets.some((each) => each === value)
  const fits =
    typeof value === 'string' &&
    (isWholeFleet ||
      targetArn.test(value) ||
      (/^[a-zA-Z0-9:_-]{1,128}$/.test(value) && !value.startsWith('arn:')))
  if (fits) return value
  const meaning = `the name or the ARN of a thing group, ${wholeFleetTargets.join(', ')}`
  return note(context, path, `must be ${meaning}`, value)
}

const targets = unique(list(target))

function unique(read: Reader<readonly string[]>): Reader<readonly string[]> {
  return (value, path, context) => {
    const entries = read(value, path, context)
    for (const [index, entry] of (entries ?? []).entries()) {
      const first = (entries ?? []).indexOf(entry)
      if (entry !== undefined && first < index) note(context, `${path}[${index}]`, 'is there twice', entry)
    }
    return entries
  }
}

const customMetric = object<CustomMetricDeclaration>(
  {
    type: oneOf(customMetricTypes),
    displayName: text({ max: DISPLAY_NAME_MAX, meaning: `text of at most ${DISPLAY_NAME_MAX} characters` }),
  },
  ['type'],
)

const dimension: Reader<DimensionDeclaration> = (value, path, context) => {
  const read = object<Partial<DimensionDeclaration>>(
    {
      type: oneOf(['TOPIC_FILTER'] as const),
      stringValues: list(
        text({
          min: 1,
          max: DIMENSION_VALUE_CHARACTERS_MAX,
          meaning: `a topic filter of 1 to ${DIMENSION_VALUE_CHARACTERS_MAX} characters`,
        }),
        { max: DIMENSION_VALUES_MAX },
      ),
    },
    ['stringValues'],
  )(value, path, context)
  if (read?.stringValues?.length === 0)
    note(context, `${path}.stringValues`, 'must have one topic filter at least')
  return read === undefined ? undefined : { type: 'TOPIC_FILTER', stringValues: read.stringValues ?? [] }
}

const thingGroup = text({
  min: 1,
  max: limits.NAME_MAX,
  pattern: limits.namePattern,
  meaning: 'the name of a thing group',
})

const mitigationAction = object<MitigationActionDeclaration>(
  {
    roleArn: text({
      min: limits.ROLE_ARN_MIN,
      max: limits.ROLE_ARN_MAX,
      meaning: `a role ARN of ${limits.ROLE_ARN_MIN} to ${limits.ROLE_ARN_MAX} characters`,
    }),
    actionParams: object<MitigationActionDeclaration['actionParams']>(
      {
        addThingsToThingGroupParams: object<
          MitigationActionDeclaration['actionParams']['addThingsToThingGroupParams']
        >(
          {
            thingGroupNames: list(thingGroup, { max: THING_GROUPS_MAX }),
            overrideDynamicGroups: (value, path, context) =>
              typeof value === 'boolean' ? value : note(context, path, 'must be true or false', value),
          },
          ['thingGroupNames'],
        ),
      },
      ['addThingsToThingGroupParams'],
    ),
  },
  ['roleArn', 'actionParams'],
)

/** Names are the keys; what stands under each is read by `entry`. */
function mapOf<T>(
  entry: Reader<T>,
  nameFault: (name: string) => string | undefined,
): Reader<ReadonlyMap<string, T>> {
  return (value, path, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return note(context, path, 'must be an object with a member for each name', value)
    }
    const entries = new Map<string, T>()
    for (const [name, content] of Object.entries(value)) {
      const fault = nameFault(name)
      if (fault !== undefined) note(context, `${path}.${name}`, `the name ${fault}`)
      const read = entry(content, `${path}.${name}`, context)
      if (read !== undefined) entries.set(name, read)
    }
    return entries
  }
}

const plainName = (name: string) =>
  limits.namePattern.test(name) && name.length <= limits.NAME_MAX
    ? undefined
    : `must be 1 to ${limits.NAME_MAX} letters, digits, ":", "_" and "-"`

/** Their names have no colon, unlike all others (iot API reference, MitigationActionName). */
const mitigationActionName = (name: string) =>
  plainName(name) === undefined && !name.includes(':')
    ? undefined
    : `must be 1 to ${limits.NAME_MAX} letters, digits, "_" and "-"`

const readers = {
  targets,
  customMetrics: mapOf(customMetric, customMetricNameFault),
  dimensions: mapOf(dimension, plainName),
  mitigationActions: mapOf(mitigationAction, mitigationActionName),
}

/** Reads the members that are there; each of the others is empty. */
export function readBelongings(given: Readonly<Record<string, unknown>>, context: Context): Belongings {
  const read = <T>(name: keyof Belongings, reader: Reader<T>, empty: T): T =>
    Object.hasOwn(given, name) ? (reader(given[name], name, context) ?? empty) : empty
  return {
    targets: read('targets', readers.targets, []),
    customMetrics: read('customMetrics', readers.customMetrics, new Map()),
    dimensions: read('dimensions', readers.dimensions, new Map()),
    mitigationActions: read('mitigationActions', readers.mitigationActions, new Map()),
  }
}
