/**
 * Recipe variables in lifecycle scripts: `{configuration:/pointer}`, `{artifacts:path}` and the others.
 *
 * Sources: Greengrass developer guide, "Component recipe variables"; lite's recipe-runner. Classic leaves what it cannot
 * resolve as text. Lite takes every brace for a variable, cuts the script off at the first one that it cannot resolve and
 * runs what is left.
 */
import { parsePointer, valueAt } from './configuration-store.ts'
import type { ModeName } from './modes.ts'

export interface Variables {
  readonly configuration: unknown
  /** Directories without a slash at the end; lite's values get one. */
  readonly artifactsPath: string
  readonly decompressedPath: string
  readonly workPath: string
  readonly rootPath: string
  readonly thingName: string
}

export function interpolate(mode: ModeName, script: string, variables: Variables): string {
  return mode === 'classic' ? interpolateClassic(script, variables) : interpolateLite(script, variables)
}

function interpolateClassic(script: string, variables: Variables): string {
  return script.replaceAll(/\{([\w.-]+:[^{}]*)\}/g, (whole, name: string) => {
    if (name in directories(variables)) return directories(variables)[name] ?? whole
    if (name === 'iot:thingName') return variables.thingName
    return configured(name, variables) ?? whole
  })
}

function interpolateLite(script: string, variables: Variables): string {
  let done = ''
  let rest = script
  for (;;) {
    const open = rest.indexOf('{')
    if (open === -1) return done + rest
    const close = rest.indexOf('}', open)
    const value = close === -1 ? undefined : liteValue(rest.slice(open + 1, close), variables)
    done += rest.slice(0, open)
    if (value === undefined) return done
    done += value
    rest = rest.slice(close + 1)
  }
}

function liteValue(name: string, variables: Variables): string | undefined {
  const directory = directories(variables)[name]
  if (directory !== undefined) return directory.endsWith('/') ? directory : `${directory}/`
  if (name === 'iot:thingName') return variables.thingName
  // Made for double quotes: within single quotes the backslashes stay.
  return configured(name, variables)?.replaceAll(/[\\"$`]/g, '\\$&')
}

const directories = (variables: Variables): Readonly<Record<string, string>> => ({
  'artifacts:path': variables.artifactsPath,
  'artifacts:decompressedPath': variables.decompressedPath,
  'work:path': variables.workPath,
  'kernel:rootPath': variables.rootPath,
})

function configured(name: string, variables: Variables): string | undefined {
  if (!name.startsWith('configuration:')) return undefined
  const value = valueAt(variables.configuration, parsePointer(name.slice('configuration:'.length)))
  return typeof value === 'string' || value === undefined ? value : JSON.stringify(value)
}
