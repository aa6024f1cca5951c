/** Small JSON files of the operator's own: whole or not there, also when the power goes while one is written. */
import { readFile } from 'node:fs/promises'
import { OperatorProblem } from '../aws/operator-io.ts'
import { writeWholeFile } from '../whole-file.ts'

/** `undefined` where there is no such file. */
export async function readJsonFile(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new OperatorProblem(`${path}: cannot be read (${code})`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new OperatorProblem(`${path}: is not JSON (${(error as Error).message})`)
  }
}

/** Who may read it is the operator's to widen: as the agent's own files, it names things and what was found on them. */
export const writeJsonFile = (path: string, value: unknown): Promise<void> =>
  writeWholeFile(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, sync: true })
