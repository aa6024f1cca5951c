/**
 * A component recipe as one of the nuclei reads it on this machine: which manifest, which lifecycle steps, which
 * defaults.
 *
 * Sources: Greengrass developer guide, "Component recipe reference"; lite's docs/RECIPE_SUPPORT_CHANGES.md. What lite
 * does not know (a manifest without `runtime`, a lower-case `script`, `Skipif`, `shutdown`) has no effect there either.
 */
import { parse } from 'yaml'
import type { ConfigurationObject } from './configuration-store.ts'
import { isObject } from './json-object.ts'
import type { ModeName } from './modes.ts'

export interface Step {
  readonly script: string
  /** Environment of this step over the lifecycle's, values as in the recipe. */
  readonly setenv: Readonly<Record<string, unknown>>
  readonly timeoutMs?: number
  /** Classic: `onpath <program>` or `exists <path>`. */
  readonly skipIf?: string
}

export interface Lifecycle {
  readonly install?: Step
  /** One of the two starts the component. */
  readonly startup?: Step
  readonly run?: Step
  readonly shutdown?: Step
}

export interface Recipe {
  readonly componentName: string
  readonly componentVersion: string
  readonly defaultConfiguration: ConfigurationObject
  readonly lifecycle: Lifecycle
}

class RecipeError extends Error {
  override readonly name = 'RecipeError'
}

export function readRecipe(mode: ModeName, text: string, architecture: string): Recipe {
  const recipe = new Section(mode, parseRecipe(mode, text))
  const componentName = recipe.text('ComponentName')
  const componentVersion = recipe.text('ComponentVersion')
  if (componentName === undefined || componentVersion === undefined) {
    throw new RecipeError('recipe: ComponentName and ComponentVersion are needed')
  }
  const manifests = recipe.list('Manifests').map((manifest) => new Section(mode, manifest))
  const manifest = manifests.find((candidate) =>
    platformMatches(mode, candidate.section('Platform'), architecture),
  )
  if (manifest === undefined) {
    throw new RecipeError(`recipe: no manifest is for ${mode} on linux, ${architecture}`)
  }
  return {
    componentName,
    componentVersion,
    defaultConfiguration:
      recipe.section('ComponentConfiguration')?.section('DefaultConfiguration')?.value ?? {},
    lifecycle: readLifecycle(mode, lifecycleOf(recipe, manifest)),
  }
}

/** Lite's parser makes every scalar of a YAML recipe a string, as YAML's failsafe schema has it. JSON keeps its types. */
function parseRecipe(mode: ModeName, text: string): unknown {
  if (text.trimStart().startsWith('{')) return JSON.parse(text)
  return parse(text, { schema: mode === 'lite' ? 'failsafe' : 'core' })
}

/** Names of AWS's for the architecture that Node calls by its own. */
export function architectureName(nodeArchitecture: string): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm', arm64: 'aarch64' }
  return names[nodeArchitecture] ?? 'unknown'
}

function platformMatches(mode: ModeName, platform: Section | undefined, architecture: string): boolean {
  if (mode === 'lite') {
    const runtime = platform?.text('runtime')
    if (platform === undefined || platform.text('os') === undefined) return false
    if (runtime !== '*' && runtime !== 'aws_nucleus_lite') return false
    return liteValues.every(({ name, values }) => values(architecture).includes(platform.text(name) ?? '*'))
  }
  const device: Readonly<Record<string, string>> = { os: 'linux', architecture }
  return Object.keys(platform?.value ?? {}).every((name) =>
    classicValueMatches(platform?.text(name) ?? '*', device[name.toLowerCase()]),
  )
}

const liteValues = [
  { name: 'os', values: () => ['linux', '*', 'all'] },
  { name: 'architecture', values: (architecture: string) => [architecture, '*'] },
] as const

/** `*` also matches an attribute that the device does not have; `/.../` is a regular expression. */
function classicValueMatches(wanted: string, actual: string | undefined): boolean {
  if (wanted === '*' || (wanted === 'all' && actual === 'linux')) return true
  const expression = /^\/(.*)\/$/.exec(wanted)?.[1]
  if (expression !== undefined) return actual !== undefined && new RegExp(`^(?:${expression})$`).test(actual)
  return wanted === actual
}

/** The manifest's own lifecycle, else the recipe's, by the manifest's selections. */
function lifecycleOf(recipe: Section, manifest: Section): Section {
  const own = manifest.section('Lifecycle')
  if (own !== undefined && Object.keys(own.value).length > 0) return own
  const selections = manifest.list('Selections').map(String)
  const common = recipe.section('Lifecycle')
  const selected = [...selections, 'linux', 'all'].map((name) => common?.section(name)).find(Boolean)
  if (selected === undefined) throw new RecipeError('recipe: no lifecycle was found for linux')
  return selected
}

function readLifecycle(mode: ModeName, lifecycle: Section): Lifecycle {
  const setenv = lifecycle.section('Setenv')?.value ?? {}
  const names = mode === 'lite' ? (['install', 'startup', 'run'] as const) : steps
  return Object.fromEntries(
    names.flatMap((name) => {
      const step = readStep(lifecycle, name, setenv)
      return step === undefined ? [] : [[name, step]]
    }),
  )
}

const steps = ['install', 'startup', 'run', 'shutdown'] as const

function readStep(lifecycle: Section, name: string, setenv: Step['setenv']): Step | undefined {
  const short = lifecycle.text(name)
  if (short !== undefined) return { script: short, setenv }
  const step = lifecycle.section(name)
  if (step === undefined) return undefined
  const script = step.text('Script')
  if (script === undefined) throw new RecipeError(`recipe: ${name} has no Script`)
  const timeout = Number(step.text('Timeout') ?? Number.NaN)
  const skipIf = step.text('Skipif')
  return {
    script,
    setenv: { ...setenv, ...step.section('Setenv')?.value },
    ...(timeout > 0 && { timeoutMs: timeout * 1000 }),
    ...(skipIf !== undefined && step.mode === 'classic' && { skipIf }),
  }
}

/** A map of the recipe. Its keys are those of the reference in lite, in any case in classic. */
class Section {
  readonly mode: ModeName
  readonly value: Readonly<Record<string, unknown>>

  constructor(mode: ModeName, value: unknown) {
    this.mode = mode
    this.value = isObject(value) ? value : {}
  }

  section(name: string): Section | undefined {
    const value = this.#get(name)
    return isObject(value) ? new Section(this.mode, value) : undefined
  }

  text(name: string): string | undefined {
    const value = this.#get(name)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }

  list(name: string): unknown[] {
    const value = this.#get(name)
    return Array.isArray(value) ? value : []
  }

  #get(name: string): unknown {
    if (this.mode === 'lite') return this.value[name]
    const key = Object.keys(this.value).find((candidate) => candidate.toLowerCase() === name.toLowerCase())
    return key === undefined ? undefined : this.value[key]
  }
}
