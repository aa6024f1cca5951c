/**
 * What a configuration update makes of a component's configuration on a device. Source: Greengrass developer guide,
 * "Update component configurations": reset before merge, objects are merged, other values replaced, a reset key gets the
 * recipe's default again or goes.
 */
import type { ComponentSpecification } from '../greengrass/state.ts'

export type Configuration = Readonly<Record<string, unknown>>

/** @param defaults of the recipe; where a version has new ones, they never replace what is there */
export function updateConfiguration(
  present: Configuration | undefined,
  defaults: Configuration,
  update: ComponentSpecification['configurationUpdate'] = {},
): Configuration {
  const started = present === undefined ? defaults : merge(defaults, present)
  const reset = (update.reset ?? []).reduce((value, pointer) => resetAt(value, defaults, pointer), started)
  return update.merge === undefined ? reset : merge(reset, JSON.parse(update.merge) as Configuration)
}

function merge(under: Configuration, over: Configuration): Configuration {
  const merged = Object.entries(over).map(([key, value]): [string, unknown] => {
    const below = under[key]
    return [key, isObject(below) && isObject(value) ? merge(below, value) : value]
  })
  return { ...under, ...Object.fromEntries(merged) }
}

/** A JSON pointer, RFC 6901; the empty one is the whole configuration. */
function resetAt(value: Configuration, defaults: Configuration, pointer: string): Configuration {
  if (pointer === '') return defaults
  const [key = '', ...rest] = pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const fallback = defaults[key]
  const child = value[key]
  if (rest.length > 0 && isObject(child)) {
    const remaining = `/${rest.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`
    return { ...value, [key]: resetAt(child, isObject(fallback) ? fallback : {}, remaining) }
  }
  if (rest.length > 0) return value
  const { [key]: _, ...others } = value
  return fallback === undefined ? others : { ...others, [key]: fallback }
}

const isObject = (value: unknown): value is Configuration =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
