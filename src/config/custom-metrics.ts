/**
 * The `CustomMetrics` parameter: for each metric's name, `true` for one that the agent has itself, or the file
 * or program to take its value from. What is read is described in `../metrics/custom.ts`.
 */
import * as z from 'zod/mini'
import {
  type BuiltInMetric,
  builtInMetrics,
  type CustomMetricSource,
  customMetricNameFault,
  type HealthMetric,
  healthMetrics,
} from '../metrics/custom.ts'
import { nearest, oneOfText } from './problem.ts'
import {
  ALWAYS,
  absolutePath,
  convert,
  decimal,
  fields,
  flag,
  integer,
  isMap,
  keyIssue,
  list,
  oneOf,
  optional,
  text,
  type Value,
} from './values.ts'

/** The quota of custom metrics in an AWS account and region ("AWS IoT Device Defender endpoints and quotas"). */
const CUSTOM_METRICS_MAX = 100

/** A program that takes longer holds up its report; it must end well within the shortest interval that AWS takes. */
const TIMEOUT_SECONDS = { min: 0.1, max: 60, default: 5 }

/** Far more than a report can carry, and little enough to hold in memory for each program. */
const OUTPUT_BYTES = { min: 1, max: 1_048_576, default: 65_536 }

const ARGUMENTS_MAX = 64
const ARGUMENT_BYTES_MAX = 4096

const jsonPointer = text('a JSON Pointer (RFC 6901), as in /battery/volts', (given) =>
  /^(\/([^~/]|~[01])*)*$/.test(given) ? undefined : 'is not a JSON Pointer (RFC 6901), as in /battery/volts',
)

const argument = text('text', (given) =>
  given.includes('\0')
    ? 'holds a NUL, which no argument can'
    : Buffer.byteLength(given) > ARGUMENT_BYTES_MAX
      ? `is longer than ${ARGUMENT_BYTES_MAX} bytes`
      : undefined,
)

const measured = fields({
  Type: oneOf('number', 'number-list', 'string-list', 'ip-address-list').schema,
  File: optional(absolutePath()).schema,
  Program: z.optional(
    list(argument, { min: 1, max: ARGUMENTS_MAX }).schema.check(
      z.refine((argv: readonly string[]) => argv.length === 0 || argv[0]?.startsWith('/') === true, {
        path: [0],
        // The search path of a component is the nucleus's, which is not the one that the operator tried it with.
        error: () => 'is not the absolute path of a program',
      }),
    ),
  ),
  TimeoutSeconds: z.optional(decimal(TIMEOUT_SECONDS).schema),
  OutputBytesMax: z.optional(integer(OUTPUT_BYTES).schema),
  JsonPointer: optional(jsonPointer).schema,
}).check(
  z.superRefine((given, context) => {
    for (const problem of sourceProblems(given)) context.addIssue({ code: 'custom', message: problem })
  }, ALWAYS),
)

function sourceProblems(given: unknown): string[] {
  if (!isMap(given)) return []
  const hasFile = isGiven(given.File)
  const hasProgram = isGiven(given.Program)
  if (hasFile && hasProgram) return ['has both File and Program; a metric comes from one of them']
  if (!hasFile && !hasProgram) return ['has neither File nor Program to come from']
  const forPrograms = ['TimeoutSeconds', 'OutputBytesMax'].filter((key) => given[key] !== undefined)
  return hasFile && forPrograms.length > 0
    ? [`has ${forPrograms.join(' and ')}, which only a Program can have`]
    : []
}

const isGiven = (value: unknown) => value !== undefined && value !== null && value !== '' && value !== 'null'

/** What the agent has a value for without being told where to find it. */
const ownMetrics: readonly string[] = [...builtInMetrics, ...healthMetrics]

const TAKES = `true for ${oneOfText(ownMetrics)}; false for none; or a map with Type and File or Program`

const entry = z.union([flag().schema, measured], {
  error: () => 'is neither true nor false, nor a map with Type and File or Program',
})

export const customMetrics: Value<ReadonlyMap<string, CustomMetricSource>> = {
  schema: convert(
    z
      .record(z.string(), entry, { error: () => 'is not a map from the names of metrics to their sources' })
      .check(
        z.superRefine((given, context) => nameIssues(given).forEach(context.addIssue), ALWAYS),
        z.refine((given) => nameCount(given) <= CUSTOM_METRICS_MAX, {
          error: ({ input }) =>
            `has ${nameCount(input)} metrics, ${CUSTOM_METRICS_MAX} is the most (AWS's quota)`,
          ...ALWAYS,
        }),
      ),
    sources,
  ),
  takes: `a map of at most ${CUSTOM_METRICS_MAX}, each ${TAKES}`,
}

const nameCount = (given: unknown) => (isMap(given) ? Object.keys(given).length : 0)

function nameIssues(given: unknown) {
  return Object.entries(isMap(given) ? given : {}).flatMap(([name, source]) => {
    const fault = customMetricNameFault(name)
    if (fault !== undefined) return [keyIssue(name, `is not a name for a metric: it ${fault}`)]
    return source === true || source === 'true' ? notOwn(name) : []
  })
}

function notOwn(name: string) {
  if (ownMetrics.includes(name)) return []
  const near = nearest(name, ownMetrics)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return [keyIssue(name, `is not a metric that the agent itself measures: ${oneOfText(ownMetrics)}${hint}`)]
}

const isBuiltIn = (name: string): name is BuiltInMetric =>
  (builtInMetrics as readonly string[]).includes(name)
const isHealth = (name: string): name is HealthMetric => (healthMetrics as readonly string[]).includes(name)

type Entry = z.output<typeof entry>

function sources(given: Readonly<Record<string, Entry>>): ReadonlyMap<string, CustomMetricSource> {
  const map = new Map<string, CustomMetricSource>()
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'boolean') map.set(name, source(value))
    else if (value && isBuiltIn(name)) map.set(name, { kind: 'built-in', metric: name })
    else if (value && isHealth(name)) map.set(name, { kind: 'health', metric: name })
  }
  return map
}

/** `sourceProblems` has made sure that there is either a file or a program. */
function source(given: z.output<typeof measured>): CustomMetricSource {
  const pointer = given.JsonPointer === undefined ? {} : { jsonPointer: given.JsonPointer }
  const [program, ...args] = given.Program ?? []
  if (program === undefined) return { kind: 'file', type: given.Type, path: given.File ?? '', ...pointer }
  return {
    kind: 'program',
    type: given.Type,
    argv: [program, ...args],
    timeoutMs: Math.round((given.TimeoutSeconds ?? TIMEOUT_SECONDS.default) * 1000),
    outputBytesMax: given.OutputBytesMax ?? OUTPUT_BYTES.default,
    ...pointer,
  }
}
