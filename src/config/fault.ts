/** One thing that is wrong with a configuration, and where. */
import { show } from './problem.ts'

export interface ConfigFault {
  /** As in `Interfaces.Allow[2]`; empty for the configuration as a whole. */
  readonly path: string
  /** The value as JSON, shortened when it is long; absent when it is the name that will not do. */
  readonly given?: string
  /** What follows the value in a sentence: why it will not do, and what would. */
  readonly problem: string
}

export type Path = readonly PropertyKey[]

/** Names that would be hard to read in a path, or long, are quoted. */
export function pathText(path: Path): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`
      return /^[\w:-]{1,128}$/.test(String(key))
        ? `${index === 0 ? '' : '.'}${String(key)}`
        : `[${show(key)}]`
    })
    .join('')
}
