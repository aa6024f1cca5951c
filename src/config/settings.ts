/**
 * What can be set: one table of all parameters of the component. The recipe's default configuration, the JSON Schema
 * for editors and the tables in the READMEs are held to it by tests.
 *
 * To add a parameter, add a row here and its default to the recipes, then run `npm run generate`. `Config` gets a
 * field of the same name that begins with a small letter.
 */
import * as z from 'zod/mini'
import type { SecurityProfile } from '../detect/security-profile.ts'
import { customMetrics } from './custom-metrics.ts'
import { reportCopyTopic } from './report-copy-topic.ts'
import { baselineProfiles, securityProfiles } from './security-profiles.ts'
import {
  absolutePath,
  convert,
  cronExpression,
  decimal,
  decimalOrZero,
  fields,
  flag,
  integer,
  list,
  oneOf,
  optional,
  socketPath,
  text,
  type Value,
  wordOr,
} from './values.ts'

export interface Setting<Output = unknown, Input = unknown> extends Value<Output, Input> {
  /** As an operator would write it. */
  readonly default: Input
  readonly unit?: string
  readonly meaning: string
  readonly example: Input
}

const setting = <Output, Input>(
  value: Value<Output, Input>,
  about: Omit<Setting<Output, NoInfer<Input>>, keyof Value<Output, Input>>,
): Setting<Output, Input> => ({ ...value, ...about })

/** AWS refuses reports that come faster, unless the account's quota was raised ("DeviceMetrics document specification"). */
export const AWS_INTERVAL_SECONDS_MIN = 300

/** As in AWS's own component ("Device Defender", AWS IoT Greengrass developer guide). */
const PUBLISH_RETRIES = { min: 0, max: 72 }

/** Shorter intervals than a second are for trials and tests: what happens in a day can be seen in a minute. */
const INTERVAL_SECONDS = { min: 0.01, max: 86_400 }

/**
 * One report takes up to 128 kB, but mostly 5: the least holds half an hour, the default a week of a large device's
 * reports. The most is what a device can lose of its disk without noticing.
 */
const OUTBOX_BYTES = { min: 65_536, max: 1_073_741_824 }

/** From half a minute, for trials, to a year. */
const OUTBOX_AGE_HOURS = { min: 0.01, max: 8_760 }

/** Nothing slower is needed: the shortest window that a security profile can ask for is 300 s. */
const LOCAL_SAMPLE_SECONDS = { min: 0.01, max: 3_600 }

/** 128,000 bytes are the largest message that a nucleus takes by default; below 1,000 hardly an entry has room. */
const REPORT_BYTES = { min: 1_000, max: 128_000 }

/** Names of interfaces have at most 15 characters (linux/if.h, IFNAMSIZ); some more for `*` and `?` between them. */
const PATTERN_CHARACTERS_MAX = 64
const PATTERNS_MAX = 64

const interfacePattern = text('a name of an interface, with * and ? as wildcards', (given) =>
  given.length <= PATTERN_CHARACTERS_MAX && /^[^\s/]+$/.test(given)
    ? undefined
    : 'is not a name of an interface, with * and ? as wildcards',
)

const interfacePatterns = list(interfacePattern, { max: PATTERNS_MAX })

export const settings = {
  SampleIntervalSeconds: setting(decimal(INTERVAL_SECONDS), {
    default: AWS_INTERVAL_SECONDS_MIN,
    unit: 'seconds',
    meaning: 'time between reports; AWS throttles anything below 300 unless the quota was raised',
    example: 600,
  }),
  Schedule: setting(optional(cronExpression()), {
    default: '',
    meaning: 'reports at these times, in the time zone of the device, instead of at an interval',
    example: '*/10 * * * *',
  }),
  DeviceDefender: setting(flag(), {
    default: true,
    meaning: 'publish the reports to the reserved topics of AWS IoT Device Defender',
    example: false,
  }),
  ReportCopyTopic: setting(optional(reportCopyTopic()), {
    default: '',
    meaning:
      'publish each report here too; {thingName} stands for the name of the thing; a topic other than greengrass-defender/{thingName}/reports needs a policy in accessControl',
    example: '$aws/rules/device_reports/{thingName}',
  }),
  ReportFormat: setting(oneOf('json', 'cbor'), {
    default: 'json',
    meaning: 'encoding of the reports',
    example: 'cbor',
  }),
  FieldNames: setting(oneOf('long', 'short'), {
    default: 'long',
    meaning: 'spelling of the fields in the reports; short ones leave room for more entries',
    example: 'short',
  }),
  MaxReportBytes: setting(wordOr('auto', integer(REPORT_BYTES)), {
    default: 'auto',
    unit: 'bytes',
    meaning: 'size to which a report is shrunk; auto is what the nucleus at hand can take',
    example: 7_000,
  }),
  PublishRetryCount: setting(integer(PUBLISH_RETRIES), {
    default: 5,
    meaning: 'further attempts to publish a report that the nucleus did not take',
    example: 10,
  }),
  StateDirectory: setting(optional(absolutePath()), {
    default: '',
    meaning:
      "where reports that wait, history and the agent's state are kept, by one agent at a time; empty: the component's own work folder",
    example: '/var/lib/greengrass-defender',
  }),
  OutboxMaxBytes: setting(integer(OUTBOX_BYTES), {
    default: 8_388_608,
    unit: 'bytes',
    meaning: 'disk for what waits to be handed over; beyond it the oldest goes, and is counted',
    example: 67_108_864,
  }),
  OutboxMaxAgeHours: setting(decimal(OUTBOX_AGE_HOURS), {
    default: 168,
    unit: 'hours',
    meaning: 'age at which what waits to be handed over is given up, and counted',
    example: 24,
  }),
  HealthIntervalSeconds: setting(decimalOrZero(INTERVAL_SECONDS), {
    default: 3_600,
    unit: 'seconds',
    meaning:
      "time between messages about the agent's own state on greengrass-defender/{thingName}/health; 0: none",
    example: 900,
  }),
  StatusSocket: setting(optional(socketPath()), {
    default: '',
    meaning: 'Unix socket that answers with the same state as JSON, for `defender status --socket`',
    example: '/run/greengrass-defender/status.socket',
  }),
  LocalSampleIntervalSeconds: setting(decimal(LOCAL_SAMPLE_SECONDS), {
    default: 15,
    unit: 'seconds',
    meaning: 'time between looks at the device within one report interval, if there are profiles to judge',
    example: 5,
  }),
  SecurityProfiles: setting(securityProfiles, {
    default: {},
    meaning: 'security profiles that are judged on the device, with or without a network',
    example: {
      gateway: {
        behaviors: [
          {
            name: 'OnlySsh',
            metric: 'aws:listening-tcp-ports',
            criteria: { comparisonOperator: 'in-port-set', value: { ports: [22] } },
          },
        ],
      },
    },
  }),
  BaselineProfiles: setting(baselineProfiles, {
    default: [],
    meaning: 'profiles delivered with the component that are judged too; see component/profiles',
    example: ['listening-ports', 'connections'],
  }),
  ProcessAttribution: setting(flag(), {
    default: false,
    meaning:
      "name the process behind a violation; other users' processes can only be seen by root (RequiresPrivilege in the recipe, or runWith), and are unknown otherwise",
    example: true,
  }),
  ProcPath: setting(absolutePath(), {
    default: '/proc',
    meaning: "where the kernel's proc file system is mounted",
    example: '/host/proc',
  }),
  IncludeLoopback: setting(flag(), {
    default: false,
    meaning: 'count traffic and connections of the loopback interface too',
    example: true,
  }),
  Interfaces: setting(
    {
      schema: convert(
        fields({ Allow: z.optional(interfacePatterns.schema), Deny: z.optional(interfacePatterns.schema) }),
        ({ Allow = [], Deny = [] }) => ({ allow: Allow, deny: Deny }) as InterfacePatterns,
      ),
      takes: `a map of Allow and Deny, each ${interfacePatterns.takes}`,
    },
    {
      default: { Allow: [], Deny: [] },
      meaning:
        'interfaces whose traffic is counted: those that Allow names (empty: all), without those that Deny names',
      example: { Allow: ['eth*', 'wlan0'], Deny: ['veth*'] },
    },
  ),
  CustomMetrics: setting(customMetrics, {
    default: {},
    meaning: 'metrics beyond those of AWS; the service ignores the ones that are not declared in the account',
    example: {
      cpu_usage: true,
      battery_volts: { Type: 'number', File: '/run/battery.json', JsonPointer: '/volts' },
      failed_units: { Type: 'string-list', Program: ['/usr/local/bin/failed-units'], TimeoutSeconds: 2 },
    },
  }),
  LogLevel: setting(oneOf('error', 'warn', 'info', 'debug'), {
    default: 'info',
    meaning: 'least severity that is logged',
    example: 'debug',
  }),
  UseInstaller: setting(flag(), {
    default: false,
    meaning: "known from AWS's component, where it installs Python packages; accepted, and needless here",
    example: true,
  }),
} as const

interface InterfacePatterns {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

type Settings = typeof settings
type OutputOf<Name extends keyof Settings> = z.output<Settings[Name]['schema']>
type NameOf<Kind extends 'required' | 'optional'> = {
  [Name in keyof Settings]: undefined extends OutputOf<Name>
    ? Kind extends 'optional'
      ? Name
      : never
    : Kind extends 'required'
      ? Name
      : never
}[keyof Settings]

/** The table's names with a small first letter. */
type TableConfig = { readonly [Name in NameOf<'required'> as Uncapitalize<Name>]: OutputOf<Name> } & {
  readonly [Name in NameOf<'optional'> as Uncapitalize<Name>]?: Exclude<OutputOf<Name>, undefined>
}

/** A complete and valid configuration. */
export type Config = Omit<TableConfig, 'securityProfiles' | 'baselineProfiles'> & {
  /** All that are to be judged, `BaselineProfiles` included. */
  readonly securityProfiles: readonly SecurityProfile[]
}
