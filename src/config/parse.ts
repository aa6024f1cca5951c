/**
 * From what the nucleus hands over to a complete `Config`, or to every fault at once. Nothing is corrected: a value
 * out of bounds is refused, since an operator would otherwise believe in a number that is not in force.
 */
import type * as z from 'zod/mini'
import { dockerSettings } from './docker-settings.ts'
import { show, unknownProblem } from './problem.ts'
import { AWS_INTERVAL_SECONDS_MIN, type Config, type Setting, settings } from './settings.ts'
import { isMap } from './values.ts'

interface ConfigFault {
  /** As in `Interfaces.Allow[2]`; empty for the configuration as a whole. */
  readonly path: string
  /** The value as JSON, shortened when it is long; absent when it is the name that will not do. */
  readonly given?: string
  /** What follows the value in a sentence: why it will not do, and what would. */
  readonly problem: string
}

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
  faults.push(...mountFaults(input, values))
  if (faults.length > 0) return { ok: false, faults: withoutTwins(faults) }
  const config = configOf(values)
  return { ok: true, config, notes: notesOn(config) }
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

type Path = readonly PropertyKey[]
const known: Readonly<Record<string, Setting>> = { ...settings, ...dockerSettings }

function unknownFaults(input: Readonly<Record<string, unknown>>): ConfigFault[] {
  const names = Object.keys(known)
  return Object.keys(input)
    .filter((name) => name !== ACCESS_CONTROL && !names.includes(name))
    .map((name) => ({ path: pathText([name]), problem: unknownProblem(name, Object.keys(settings)) }))
}

/** JSON can hold an entry of this name, which schemas pass over in silence; what is set must be seen. */
const HIDDEN = '__proto__'

/** No parameter nests deeper, and what is deeper is refused where it begins. */
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

function pathText(path: Path): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`
      return /^[\w:-]{1,128}$/.test(String(key))
        ? `${index === 0 ? '' : '.'}${String(key)}`
        : `[${show(key)}]`
    })
    .join('')
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

/** The schemas of the table have made each value; this only spells the names as the code does. */
function configOf(values: ReadonlyMap<string, unknown>): Config {
  const entries = Object.keys(settings).flatMap((name) => {
    const value = values.get(name)
    return value === undefined ? [] : [[name.charAt(0).toLowerCase() + name.slice(1), value]]
  })
  return Object.fromEntries(entries) as Config
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
