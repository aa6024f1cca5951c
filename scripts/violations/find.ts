/** The violation that an operator means by the beginning of its id. */
import { OperatorProblem } from '../aws/operator-io.ts'
import { printable } from '../render/terminal.ts'
import type { Violation, ViolationSource } from './model.ts'

/** Less would name many by accident. */
const PREFIX_CHARACTERS_MIN = 4

export function findById(violations: readonly Violation[], id: string, where: string): Violation {
  const exact = violations.filter((violation) => violation.id === id)
  const found =
    exact.length > 0 || id.length < PREFIX_CHARACTERS_MIN
      ? exact
      : violations.filter((violation) => violation.id.startsWith(id))
  const [first, second] = found
  if (first === undefined) throw new OperatorProblem(printable(`${id}: no such violation in ${where}`))
  if (second !== undefined) {
    const names = found.slice(0, 3).map((each) => printable(`${each.id} (${each.thingName})`))
    throw new OperatorProblem(`${printable(id)}: ${found.length} violations begin so: ${names.join(', ')}`)
  }
  return first
}

export async function findAll(
  source: ViolationSource,
  ids: readonly string[],
): Promise<readonly Violation[]> {
  const all = await source.violations({})
  return [...new Set(ids.map((id) => findById(all, id, source.description)))]
}
