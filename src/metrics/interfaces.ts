/** Which interfaces' traffic counts: patterns with `*` (any text) and `?` (any character), as in file names. */

export interface InterfaceChoice {
  /** Names that count; empty for all. */
  readonly allow: readonly string[]
  /** Names that do not count, also when allowed. */
  readonly deny: readonly string[]
}

/** The loopback interface has this name in every network namespace (Linux `loopback_net_init`). */
const LOOPBACK = 'lo'

export function interfaceFilter(
  choice: InterfaceChoice,
  includeLoopback: boolean,
): (name: string) => boolean {
  const allow = choice.allow.map(toRegExp)
  const deny = choice.deny.map(toRegExp)
  return (name) => {
    if (name === LOOPBACK && !includeLoopback) return false
    if (deny.some((pattern) => pattern.test(name))) return false
    return allow.length === 0 || allow.some((pattern) => pattern.test(name))
  }
}

function toRegExp(pattern: string): RegExp {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`)
}
