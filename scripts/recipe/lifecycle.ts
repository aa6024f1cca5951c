/**
 * A manifest's lifecycle: its phases, their steps, and the variables in scripts and environment.
 *
 * Nucleus lite heeds the case of each key and passes over some phases and fields. At a brace in a script that is not
 * a recipe variable, it cuts the script off and runs what is before: `$VAR` instead of `${VAR}` is the way out.
 */
import { isMap, isScalar } from 'yaml'
import { type Entry, entriesOf, type RecipeReader, scalar } from './nodes.ts'

/** The nuclei that may choose the manifest. */
export interface Runtimes {
  readonly classic: boolean
  readonly lite: boolean
}

interface LifecycleContext {
  readonly runtimes: Runtimes
  readonly defaults: ReadonlyMap<string, Entry> | undefined
  /** What the manifest's artifacts are unpacked to, below {artifacts:decompressedPath}. */
  readonly folders: ReadonlySet<string>
}

const PHASES = ['bootstrap', 'install', 'run', 'startup', 'shutdown', 'recover'] as const
type Phase = (typeof PHASES)[number]

const STEP_FIELDS = ['Script', 'RequiresPrivilege', 'Setenv', 'Timeout', 'Skipif']

/** What a manifest that lite may choose should not use, and why. */
const ON_LITE: Partial<Record<Phase, { readonly severity: 'error' | 'warn'; readonly why: string }>> = {
  startup: { severity: 'error', why: 'fails where systemd is older than 253; use run' },
  shutdown: { severity: 'warn', why: 'is passed over by nucleus lite' },
  recover: { severity: 'warn', why: 'is passed over by nucleus lite' },
  bootstrap: { severity: 'warn', why: 'makes nucleus lite restart the device' },
}

export function checkLifecycle(reader: RecipeReader, node: unknown, context: LifecycleContext): void {
  const phases = reader.knownEntries(node, 'Lifecycle', [...PHASES, 'Setenv'])
  if (phases.has('Setenv')) checkSetenv(reader, phases.get('Setenv')?.value, context)
  if (phases.has('run') && phases.has('startup')) {
    reader.error(
      phases.get('startup')?.keyNode,
      'Lifecycle has both run and startup; the nucleus takes one of them',
    )
  }
  for (const phase of PHASES) {
    const entry = phases.get(phase)
    if (entry === undefined) continue
    const remark = context.runtimes.lite ? ON_LITE[phase] : undefined
    if (remark !== undefined) reader[remark.severity](entry.keyNode, `${phase} ${remark.why}`)
    checkStep(reader, entry, context)
  }
}

function checkStep(reader: RecipeReader, { key: phase, value }: Entry, context: LifecycleContext): void {
  if (isScalar(value)) {
    checkScript(reader, value, phase, context)
    return
  }
  const step = reader.knownEntries(value, phase, STEP_FIELDS)
  const script = step.get('Script')
  if (script === undefined) reader.error(value, `${phase} has no Script`)
  else checkScript(reader, script.value, `Script of ${phase}`, context)
  if (step.has('Setenv')) checkSetenv(reader, step.get('Setenv')?.value, context)
  checkTimeout(reader, step.get('Timeout'), phase)
  const privilege = step.get('RequiresPrivilege')
  if (privilege !== undefined && !['true', 'false'].includes(String(scalar(privilege.value)))) {
    reader.error(privilege.value, `RequiresPrivilege of ${phase} is not true or false`)
  }
  const skip = step.get('Skipif')
  if (skip !== undefined && context.runtimes.lite) {
    reader.warn(
      skip.keyNode,
      `Skipif of ${phase} is passed over by nucleus lite, which runs the script each time`,
    )
  }
}

function checkTimeout(reader: RecipeReader, timeout: Entry | undefined, phase: string): void {
  if (timeout === undefined) return
  const seconds = scalar(timeout.value)
  if (!/^[1-9]\d{0,5}$/.test(String(seconds))) {
    reader.error(
      timeout.value,
      `Timeout of ${phase}: ${JSON.stringify(seconds)} is not a whole number of seconds`,
    )
  }
}

/** A value that is not a string makes nucleus lite cut the script, and report success all the same. */
function checkSetenv(reader: RecipeReader, node: unknown, context: LifecycleContext): void {
  if (!isMap(node)) {
    reader.error(node, 'Setenv is not a map')
    return
  }
  for (const { key, keyNode, value } of entriesOf(node)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
      reader.error(keyNode, `Setenv: ${JSON.stringify(key)} is not a name for a variable`)
    const text = reader.string(value, `Setenv ${key}`)
    if (text !== undefined) checkVariables(reader, value, text, `Setenv ${key}`, context)
  }
}

function checkScript(reader: RecipeReader, node: unknown, what: string, context: LifecycleContext): void {
  const text = reader.string(node, what)
  if (text === undefined) return
  if (text.trim() === '') reader.error(node, `${what} is empty`)
  checkVariables(reader, node, text, what, context)
  for (const [, folder = ''] of text.matchAll(/\{artifacts:decompressedPath\}\/?([^/"'\s]*)/g)) {
    if (!context.folders.has(folder)) {
      reader.error(
        node,
        `${what}: no artifact ${folder}.zip with Unarchive: ZIP makes {artifacts:decompressedPath}/${folder}`,
      )
    }
  }
}

const VARIABLES = [
  'artifacts:path',
  'artifacts:decompressedPath',
  'work:path',
  'kernel:rootPath',
  'iot:thingName',
]

function checkVariables(
  reader: RecipeReader,
  node: unknown,
  text: string,
  what: string,
  context: LifecycleContext,
): void {
  for (const { index, 0: brace } of text.matchAll(/\{[^{}\n]*\}?/g)) {
    if (text[index - 1] === '$') {
      reader.error(node, `${what}: nucleus lite cuts it at "$${brace}"; write the variable without braces`)
      continue
    }
    const name = brace.slice(1, -1)
    const pointer = /^configuration:(\/.*)$/.exec(name)?.[1]
    if (!brace.endsWith('}') || !(VARIABLES.includes(name) || pointer !== undefined)) {
      reader.error(node, `${what}: nucleus lite cuts it at "${brace}", which is not a recipe variable`)
    } else if (pointer !== undefined && !pointsToDefault(pointer, context.defaults)) {
      reader.error(
        node,
        `${what}: nucleus lite cuts it at "${brace}", which DefaultConfiguration does not have`,
      )
    }
  }
}

/** JSON Pointer (RFC 6901), through maps only. */
function pointsToDefault(pointer: string, defaults: ReadonlyMap<string, Entry> | undefined): boolean {
  const [first = '', ...rest] = pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  let entry = defaults?.get(first)
  for (const part of rest) {
    entry = isMap(entry?.value) ? entriesOf(entry.value).find(({ key }) => key === part) : undefined
  }
  return entry !== undefined
}
