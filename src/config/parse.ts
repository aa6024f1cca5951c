/**
 * From what the nucleus hands over to a complete `Config`, or to every fault at once. Nothing is corrected: a value
 * out of bounds is refused, since an operator would otherwise believe in a number that is not in force.
 */
import type * as z from 'zod/mini'
import type { SecurityProfile } from '../detect/security-profile.ts'
import type { CustomMetricSource } from '../metrics/custom.ts'
import type { CustomMetricType } from '../metrics/snapshot.ts'
import { dockerSettings } from './docker-settings.ts'
import { type ConfigFault, type Path, pathText } from './fault.ts'
import { show, unknownProblem } from './problem.ts'
import { readProfiles } from './security-profiles.ts'
import { AWS_INTERVAL_SECONDS_MIN, type Config, type Setting, settings } from './settings.ts'
import { isMap } from './values.ts'

type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly notes: readonly string[] }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] }

export function parseConfig(input: unknown): ConfigResult {
  if (!isMap(input)) return { ok: false, faults: [valueFault(input, [], 'is not a map of parameters')] }
  const faults = [...unknownFaults(input), ...hiddenFaults(input)]
  const values = new Map<string, unknown>()
  for (const [name, { schema, default: byDefault }] of Object.entries(known)) {
    const result = schema.safeParse(Object.hasOwn(input, name) ? input[name] : byDefault)
    if (result.success) values.set(name, result.data)
    else faults.push(...result.error.issues.flatMap((issue) => issueFaults(input, [name], issue)))
  }
  const judged = profilesOf(values)
  faults.push(...judged.faults, ...mountFaults(input, values))
  if (faults.length > 0) return { ok: false, faults: withoutTwins(faults) }
  const config = configOf(values, judged.profiles)
  return { ok: true, config, notes: [...notesOn(config), ...judged.notes] }
}

/** Two checks of a schema may find the same: a huge number is above the bound, and not a whole number either. */
function withoutTwins(faults: readonly ConfigFault[]): ConfigFault[] {
  return [...new Map(faults.map((fault) => [`${fault.path} ${fault.problem}`, fault])).values()]
}

/** One line a fault. */
export function formatFaults(faults: readonly ConfigFault[]): string {
  const lines = faults.slice(0, FAULTS_SHOWN_MAX).map(({ path, given, problem }) => {
    const words = given === undefined ? problem : `${given} ${problem}`
    return path === '' ? words : `${path}: ${words}`
  })
  const left = faults.length - lines.length
  return [...lines, ...(left > 0 ? [`and ${left} more`] : [])].join('\n')
}

/** More are not made by accident, and a log entry must end somewhere. */
const FAULTS_SHOWN_MAX = 50

/** The nucleus's own entry among the parameters: what the component may publish and subscribe to. */
const ACCESS_CONTROL = 'accessControl'

const known: Readonly<Record<string, Setting>> = { ...settings, ...dockerSettings }

function unknownFaults(input: Readonly<Record<string, unknown>>): ConfigFault[] {
  const names = Object.keys(known)
  return Object.keys(input)
    .filter((name) => name !== ACCESS_CONTROL && !names.includes(name))
    .map((name) => ({ path: pathText([name]), problem: unknownProblem(name, Object.keys(settings)) }))
}

/** JSON can hold an entry of this name, which schemas pass over in silence; what is set must be seen. */
const HIDDEN = '__proto__'

/** No schema nests deeper, and what is deeper is refused where it begins; profiles have a reader that names every key. */
const DEPTH_MAX = 4

function hiddenFaults(value: unknown, path: Path = []): ConfigFault[] {
  if (typeof value !== 'object' || value === null || path.length >= DEPTH_MAX) return []
  return Object.entries(value).flatMap(([key, member]) => {
    if (path.length === 0 && (key === ACCESS_CONTROL || key === HIDDEN)) return []
    const here = [...path, key]
    return key === HIDDEN
      ? [{ path: pathText(here), problem: 'is not a name that can be used' }]
      : hiddenFaults(member, here)
  })
}

function issueFaults(input: unknown, base: Path, issue: z.core.$ZodIssue): ConfigFault[] {
  const path = [...base, ...issue.path]
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((errors) => errors.length > 0 && !errors.some(isOfOtherKind))
    if (meant !== undefined) return meant.flatMap((inner) => issueFaults(input, path, inner))
  }
  if (issue.code === 'custom' && issue.params?.about === 'key') {
    return [{ path: pathText(path), problem: issue.message }]
  }
  return [valueFault(input, path, issue.message)]
}

/** Of the alternatives, one that fails as a whole was not meant; one that fails in a part was. */
function isOfOtherKind(issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 0 && issue.code.startsWith('invalid_')
}

function valueFault(input: unknown, path: Path, problem: string): ConfigFault {
  let value = input
  for (const key of path) value = (value as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key]
  if (value === undefined) {
    return { path: pathText(path), problem: problem.replace(/^is not /, 'is missing; it must be ') }
  }
  return { path: pathText(path), given: show(value), problem }
}

/**
 * `ContainerProcPath` is there in the Docker variant only. A `ProcPath` other than the mount would be the container's
 * own /proc: reports that look right and are about nothing.
 */
function mountFaults(
  input: Readonly<Record<string, unknown>>,
  values: ReadonlyMap<string, unknown>,
): ConfigFault[] {
  const mount = values.get('ContainerProcPath')
  const read = values.get('ProcPath')
  if (
    !Object.hasOwn(input, 'ContainerProcPath') ||
    mount === undefined ||
    read === undefined ||
    mount === read
  )
    return []
  return [
    {
      path: 'ProcPath',
      given: show(read),
      problem: `is not ${show(mount)}, where ContainerProcPath mounts the proc of the host`,
    },
  ]
}

/** Both parameters about profiles, as far as they could be read, with the types that the custom metrics have. */
function profilesOf(values: ReadonlyMap<string, unknown>) {
  const custom = (values.get('CustomMetrics') ?? new Map()) as ReadonlyMap<string, CustomMetricSource>
  const types = [...custom].map(([name, source]): [string, CustomMetricType] => [
    name,
    'type' in source ? source.type : 'number',
  ])
  return readProfiles(
    (values.get('SecurityProfiles') ?? {}) as Readonly<Record<string, unknown>>,
    (values.get('BaselineProfiles') ?? []) as readonly string[],
    new Map(types),
  )
}

/** The schemas of the table have made each value; this only spells the names as the code does. */
function configOf(
  values: ReadonlyMap<string, unknown>,
  securityProfiles: readonly SecurityProfile[],
): Config {
  const entries = Object.keys(settings).flatMap((name) => {
    const value = name === 'BaselineProfiles' ? undefined : values.get(name)
    return value === undefined ? [] : [[name.charAt(0).toLowerCase() + name.slice(1), value]]
  })
  return { ...Object.fromEntries(entries), securityProfiles } as Config
}

/** What is in order, but may not be what was meant. */
function notesOn(config: Config): string[] {
  const notes: string[] = []
  const { sampleIntervalSeconds: interval, schedule } = config
  if (config.useInstaller) {
    notes.push('UseInstaller is needless: the artifact holds all that the agent needs, nothing is installed')
  }
  if (schedule !== undefined && interval !== settings.SampleIntervalSeconds.default) {
    notes.push(`SampleIntervalSeconds ${interval} has no effect: Schedule is set, and takes its place`)
  }
  if (schedule === undefined && config.deviceDefender && interval < AWS_INTERVAL_SECONDS_MIN) {
    notes.push(
      `SampleIntervalSeconds ${interval} is below ${AWS_INTERVAL_SECONDS_MIN}: AWS throttles such reports unless the quota was raised`,
    )
  }
  if (!config.deviceDefender && config.reportCopyTopic === undefined) {
    notes.push('reports go nowhere: DeviceDefender is false, and ReportCopyTopic is empty')
  }
  return notes
}
