/** All groups of figures, in the order in which they are measured and shown; and the choice of `--only`. */
import { InvalidArgumentError } from 'commander'
import { agentCpu } from './agent-cpu.ts'
import { artifact } from './artifact.ts'
import { awsWay } from './aws-way.ts'
import { collectionReal } from './collection-real.ts'
import { collectionTrees } from './collection-trees.ts'
import { detect } from './detect-bench.ts'
import type { Group } from './figure.ts'
import { memory } from './memory.ts'
import { reportSize } from './report-size.ts'
import { rest } from './rest.ts'
import { start } from './start.ts'

export const groups: readonly Group[] = [
  collectionReal,
  collectionTrees,
  awsWay,
  start,
  rest,
  memory,
  agentCpu,
  artifact,
  reportSize,
  detect,
]

/** A parser for commander; the groups come in their own order, each once. */
export function groupsOption(text: string): readonly Group[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !groups.some((group) => group.name === name))
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `There is no ${unknown.join(', ') || 'group without a name'}; there are ${groupNames}.`,
    )
  }
  return groups.filter(({ name }) => names.includes(name))
}

export const groupNames = groups.map(({ name }) => name).join(', ')
