/** Where the package lies: the program is found both as source and bundled below `dist`. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export function findPackageRoot(moduleUrl: string): string {
  let directory = dirname(fileURLToPath(moduleUrl))
  while (!isPackageRoot(directory)) {
    const parent = resolve(directory, '..')
    if (parent === directory) throw new Error('the folder of greengrass-defender was not found')
    directory = parent
  }
  return directory
}

function isPackageRoot(directory: string): boolean {
  const file = join(directory, 'package.json')
  if (!existsSync(file)) return false
  return (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'greengrass-defender'
}
