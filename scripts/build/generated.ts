/** Keeps what is generated equal to what it is generated from: writes it, or finds what is stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { profileSchemaText } from '../profiles/schema.ts'
import { configurationSchema, parameterTable } from './reference.ts'

const BEGIN = '<!-- parameters:begin -->'
const END = '<!-- parameters:end -->'

interface Generated {
  readonly path: string
  /** The whole file, from what it is now; `undefined` when there is none. */
  readonly render: (now: string | undefined) => string
}

const generated: readonly Generated[] = [
  { path: 'component/configuration.schema.json', render: configurationSchema },
  { path: 'component/profile.schema.json', render: profileSchemaText },
  { path: 'README.md', render: (now) => withTable('README.md', now) },
  { path: 'component/README.md', render: (now) => withTable('component/README.md', now) },
]

/** The paths of the files below `root` that are not what they would be if they were generated now. */
export function findStale(root: string): string[] {
  return generated
    .filter(({ path, render }) => {
      const now = readIfThere(join(root, path))
      return render(now) !== now
    })
    .map(({ path }) => path)
}

/** Writes those files, and gives their paths; the others are left alone. */
export function regenerate(root: string): string[] {
  const stale = findStale(root)
  for (const { path, render } of generated.filter(({ path }) => stale.includes(path))) {
    writeFileSync(join(root, path), render(readIfThere(join(root, path))))
  }
  return stale
}

/** Everything between the two marks is replaced; everything else is people's, and stays. */
function withTable(path: string, now: string | undefined): string {
  if (now === undefined) throw new Error(`${path} is missing; the table of parameters has its place in it`)
  const begin = now.indexOf(BEGIN)
  const end = now.indexOf(END)
  if (begin < 0 || end < begin) {
    throw new Error(
      `${path} has no line "${BEGIN}" with a line "${END}" after it, between which the table belongs`,
    )
  }
  return `${now.slice(0, begin + BEGIN.length)}\n${parameterTable()}\n${now.slice(end)}`
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
