/** Files that are there whole or stay as they were: written beside and renamed (rename(2)), whoever reads meanwhile. */
import { open, rename, unlink } from 'node:fs/promises'
import { OperatorProblem } from './aws/operator-io.ts'

export interface WholeFileOptions {
  /** Of the new file, less the umask. */
  readonly mode?: number
  /** Also after a power loss it is the old one or the new one. */
  readonly sync?: boolean
}

export async function writeWholeFile(
  path: string,
  text: string,
  { mode, sync = false }: WholeFileOptions = {},
): Promise<void> {
  const next = `${path}.${process.pid}.tmp`
  try {
    const file = await open(next, 'w', mode)
    try {
      await file.writeFile(text)
      if (sync) await file.sync()
    } finally {
      await file.close()
    }
    await rename(next, path)
  } catch (error) {
    await unlink(next).catch(() => undefined)
    throw new OperatorProblem(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code})`)
  }
}
