/**
 * Test files, `gateway.test.yaml` beside `gateway.yaml`: series of datapoints in, alarms expected. Their notation is
 * described in component/profiles/README.md, their habits are those of promtool's rule tests.
 *
 *   profile: gateway.yaml        beside the test file; may be left out where the name says it
 *   interval: 5m                 time between reports
 *   tests:
 *     - name: telnet opens and closes
 *       series:
 *         aws:listening-tcp-ports: "[22]x2 [22,23]x2 [22]"
 *       alarms:                  exactly these; `value` is compared where it is given
 *         - { at: 15m, behavior: TelnetListening, event: in-alarm, value: { ports: [23] } }
 *         - { at: 25m, behavior: TelnetListening, event: alarm-cleared }
 */
import { readdir, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { basename, dirname, join } from 'node:path'
import {
  type Context,
  list,
  note,
  object,
  oneOf,
  type ProfileFault,
  type Reader,
  text,
} from '../../src/detect/reader.ts'
import { durationsSeconds, type ValueMember, valueMembers } from '../../src/metrics/catalog.ts'
import type { MetricValue } from '../../src/metrics/datapoint.ts'
import type { CustomMetricType } from '../../src/metrics/snapshot.ts'
import type { SourceDocument } from './document.ts'
import { parseDuration } from './duration.ts'
import { byPlace, type FileFault, faultIn } from './fault.ts'
import { openFile, type ProfileFile, readProfileFiles } from './file.ts'
import { type IntervalSamples, parseSeries } from './series-notation.ts'

export const alarmEvents = ['in-alarm', 'alarm-cleared', 'alarm-invalidated'] as const

export interface ExpectedAlarm {
  /** Milliseconds from the start of the series. */
  readonly atMs: number
  readonly behavior: string
  readonly event: (typeof alarmEvents)[number]
  readonly value?: Readonly<Partial<Record<ValueMember, unknown>>>
}

export interface ProfileTest {
  readonly name: string
  readonly line: number
  readonly series: ReadonlyMap<string, readonly IntervalSamples[]>
  readonly alarms: readonly ExpectedAlarm[]
}

export interface TestFile {
  readonly path: string
  readonly profile: ProfileFile
  readonly customMetricTypes: ReadonlyMap<string, CustomMetricType>
  readonly intervalMs: number
  readonly tests: readonly ProfileTest[]
}

export interface ReadTests {
  readonly files: readonly TestFile[]
  readonly faults: readonly FileFault[]
}

/** Longer report intervals are not possible, and a shorter one than a second is no interval. */
const INTERVAL_MS_MIN = 1000
const INTERVAL_MS_MAX = 86_400_000

/** @param paths test files, profile files that have tests beside them, or folders of either */
export async function readTestFiles(paths: readonly string[]): Promise<ReadTests> {
  const found = await Promise.all(paths.map(testFilesOf))
  const names = [...new Set(found.flatMap((each) => each.files))]
  const read = await Promise.all(names.map(readTestFile))
  const faults = [...found.flatMap((each) => each.faults), ...read.flatMap((each) => each.faults)]
  return { files: read.flatMap(({ file }) => file ?? []), faults: faults.sort(byPlace) }
}

export const isTestName = (name: string) => /\.test\.ya?ml$/.test(name)

/** Where the tests of a profile file would be. */
export const testPathOf = (profilePath: string) =>
  join(dirname(profilePath), basename(profilePath).replace(/(\.profile)?\.(json|ya?ml)$/, '.test.yaml'))

async function testFilesOf(path: string): Promise<{ files: string[]; faults: FileFault[] }> {
  const unreadable = (problem: string): FileFault => ({ path, at: '', problem, kind: 'unreadable' })
  try {
    if ((await stat(path)).isDirectory()) {
      const files = (await readdir(path)).filter(isTestName).sort()
      return files.length > 0
        ? { files: files.map((name) => join(path, name)), faults: [] }
        : { files: [], faults: [unreadable('holds no .test.yaml file')] }
    }
    if (isTestName(path)) return { files: [path], faults: [] }
    const beside = testPathOf(path)
    await stat(beside)
    return { files: [beside], faults: [] }
  } catch (error) {
    const { code, path: missing } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const problem = missing === path ? `cannot be read (${code})` : `has no tests: there is no ${missing}`
    return { files: [], faults: [unreadable(problem)] }
  }
}

async function readTestFile(path: string): Promise<{ file?: TestFile; faults: readonly FileFault[] }> {
  const { document, faults } = await openFile(path)
  if (document === undefined) return { faults }
  const context: Context = { faults: [], lenientNumbers: false }
  const raw = readRaw(document.value, '', context)
  if (raw === undefined || context.faults.length > 0) return { faults: placed(document, context) }
  const profilePath = await profileOf(path, raw.profile)
  if (profilePath === undefined) {
    note(context, 'profile', 'is missing, and there is no profile file with the name of this one')
    return { faults: placed(document, context) }
  }
  const read = await readProfileFiles([profilePath])
  const [profile] = read.files
  if (profile === undefined) return { faults: read.faults }
  const { customMetricTypes } = read
  const tests = raw.tests.map((test, index) => {
    const place = `tests[${index}]`
    const line = document.positionOf(place).line
    return testOf(test, place, line, profile, customMetricTypes, context)
  })
  noteRepeatedNames(raw.tests, context)
  if (context.faults.length > 0) return { faults: placed(document, context) }
  const intervalMs = parseDuration(raw.interval ?? DEFAULT_INTERVAL) as number
  return { file: { path, profile, customMetricTypes, intervalMs, tests }, faults: [] }
}

/** The time between reports that AWS takes without a raised quota. */
const DEFAULT_INTERVAL = `${Math.min(...durationsSeconds)}s`

const placed = (document: SourceDocument, { faults }: Context) =>
  faults.map((fault: ProfileFault) => faultIn(document, fault))

interface RawAlarm {
  readonly at: string
  readonly behavior: string
  readonly event: (typeof alarmEvents)[number]
  readonly value?: Readonly<Partial<Record<ValueMember, unknown>>>
}

interface RawTest {
  readonly name: string
  readonly series: Readonly<Record<string, string | number>>
  readonly alarms: readonly RawAlarm[]
}

interface RawFile {
  readonly profile?: string
  readonly interval?: string
  readonly tests: readonly RawTest[]
}

const duration: Reader<string> = (value, path, context) =>
  typeof value === 'string' && parseDuration(value) !== undefined
    ? value
    : note(context, path, 'must be a duration, as in 500s, 15m or 1h30m', value)

const interval: Reader<string> = (value, path, context) => {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined
  return ms !== undefined && ms >= INTERVAL_MS_MIN && ms <= INTERVAL_MS_MAX
    ? (value as string)
    : note(context, path, 'must be a duration from 1s to 1d', value)
}

const name = text({ min: 1, meaning: 'a name' })

const seriesMap: Reader<Readonly<Record<string, string | number>>> = (value, path, context) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return note(context, path, 'must be an object from metrics to their series', value)
  }
  for (const [metric, notation] of Object.entries(value)) {
    if (typeof notation !== 'string' && typeof notation !== 'number') {
      note(context, `${path}.${metric}`, 'must be a series in quotes, as in "10x40 5000"', notation)
    }
  }
  return value as Readonly<Record<string, string | number>>
}

const expectedValue: Reader<Readonly<Partial<Record<ValueMember, unknown>>>> = (value, path, context) => {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
  const isOne = keys.length === 1 && (valueMembers as readonly string[]).includes(keys[0] as string)
  return isOne
    ? (value as Readonly<Partial<Record<ValueMember, unknown>>>)
    : note(context, path, `must have exactly one of ${valueMembers.join(', ')}`, value)
}

const readRaw = object<RawFile>(
  {
    profile: name,
    interval,
    tests: list(
      object<RawTest>(
        {
          name,
          series: seriesMap,
          alarms: list(
            object<RawAlarm>(
              { at: duration, behavior: name, event: oneOf(alarmEvents), value: expectedValue },
              ['at', 'behavior', 'event'],
            ),
          ),
        },
        ['name', 'series', 'alarms'],
      ),
    ),
  },
  ['tests'],
)

/** The file that `profile:` names, or the one with the test file's own name. */
async function profileOf(testPath: string, named: string | undefined): Promise<string | undefined> {
  const folder = dirname(testPath)
  if (named !== undefined) return join(folder, named)
  const stem = basename(testPath).replace(/\.test\.ya?ml$/, '')
  for (const ending of ['json', 'yaml', 'yml', 'profile.json', 'profile.yaml']) {
    const path = join(folder, `${stem}.${ending}`)
    const isThere = await stat(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

function testOf(
  raw: RawTest,
  place: string,
  line: number,
  { profile }: ProfileFile,
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
  context: Context,
): ProfileTest {
  const behaviors = profile.behaviors ?? []
  const series = new Map<string, readonly IntervalSamples[]>()
  for (const [metric, notation] of Object.entries(raw.series)) {
    try {
      const intervals = parseSeries(
        metric,
        notation,
        customMetricTypes.get(metric) ?? typeOf(metric, behaviors),
      )
      series.set(metric, intervals)
      const stranger = intervals.flatMap((samples) => samples.flatMap(notAddresses))[0]
      // Text that is no address is in no set, which is hardly what a test is about.
      if (stranger !== undefined) {
        note(context, `${place}.series.${metric}`, `"${stranger}" is no address`, notation)
      }
    } catch (error) {
      note(
        context,
        `${place}.series.${metric}`,
        (error as Error).message.replace(/^series of [^ ]+: /, ''),
        notation,
      )
    }
  }
  const alarms = raw.alarms.map(({ at, behavior, event, value }, index): ExpectedAlarm => {
    if (!behaviors.some((each) => each.name === behavior)) {
      const names = behaviors.map((each) => each.name).join(', ') || 'none'
      const problem = `is no behavior of "${profile.securityProfileName}", which has ${names}`
      note(context, `${place}.alarms[${index}].behavior`, problem, behavior)
    }
    const atMs = parseDuration(at) as number
    return value === undefined ? { atMs, behavior, event } : { atMs, behavior, event, value }
  })
  return { name: raw.name, line, series, alarms }
}

const notAddresses = (value: MetricValue | undefined): string[] =>
  value !== undefined && 'cidrs' in value ? value.cidrs.filter((each) => isIP(each) === 0) : []

/** Of a custom metric that no file declares its type is what the criteria compare it with. */
function typeOf(
  metric: string,
  behaviors: readonly { readonly metric: string; readonly criteria?: { readonly value?: object } }[],
): CustomMetricType | undefined {
  const value = behaviors.find((each) => each.metric === metric && each.criteria?.value !== undefined)
    ?.criteria?.value
  const types: Readonly<Record<string, CustomMetricType>> = {
    numbers: 'number-list',
    strings: 'string-list',
    cidrs: 'ip-address-list',
  }
  return value === undefined ? undefined : types[Object.keys(value)[0] as string]
}

function noteRepeatedNames(tests: readonly RawTest[], context: Context): void {
  const names = tests.map((test) => test.name)
  for (const [index, each] of names.entries()) {
    if (names.indexOf(each) < index)
      note(context, `tests[${index}].name`, 'is the name of an earlier test', each)
  }
}
