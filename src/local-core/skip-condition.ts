/**
 * A step's `Skipif`: `onpath <program>` or `exists <path>`. Classic only.
 * Source: Greengrass developer guide, "Component recipe reference".
 */
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** `path` is the PATH that the step would run with. Any other text skips nothing. */
export function isSkipped(condition: string | undefined, path: string | undefined): boolean {
  const [, kind, argument] = /^(onpath|exists)\s+(\S.*)$/.exec(condition?.trim() ?? '') ?? []
  if (kind === undefined || argument === undefined) return false
  if (kind === 'exists') return existsSync(argument)
  return (path ?? '').split(delimiter).some((directory) => isExecutable(join(directory, argument)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
