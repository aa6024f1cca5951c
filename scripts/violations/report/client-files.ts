/** The report's program and its style, as the build has made them of `client/`. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Both as they stand in the file: their hashes are in its Content-Security-Policy. */
export interface ClientFiles {
  readonly script: string
  readonly style: string
}

export const CLIENT_FOLDER = join('dist', 'scripts', 'violation-report')

/** Looks above this module, which lies in the checkout's `dist/` or, in tests, in its `scripts/`. */
export async function readClientFiles(): Promise<ClientFiles> {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    try {
      const read = (name: string) => readFile(join(folder, CLIENT_FOLDER, name), 'utf8')
      const [script, style] = await Promise.all([read('client.js'), read('client.css')])
      return { script, style }
    } catch (error) {
      const above = dirname(folder)
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === folder) throw error
      folder = above
    }
  }
}
