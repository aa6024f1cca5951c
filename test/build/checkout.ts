/** A checkout in a folder of its own: the real sources and recipes, a license, and a program to bundle. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface Checkout {
  readonly root: string
  readonly path: (...parts: string[]) => string
  readonly read: (path: string) => string
  readonly write: (path: string, text: string) => void
  readonly remove: () => void
}

export function createCheckout(program = "process.stdout.write('started\\n')\n"): Checkout {
  const root = mkdtempSync(join(tmpdir(), 'checkout-'))
  const path = (...parts: string[]) => join(root, ...parts)
  const write = (name: string, text: string) => writeFileSync(path(name), text)
  for (const name of ['package.json', 'package-lock.json', 'gdk-config.json', 'recipes']) {
    cpSync(name, path(name), { recursive: true })
  }
  for (const name of ['src', 'node_modules']) symlinkSync(resolve(name), path(name))
  symlinkSync('recipes/community.greengrass.DeviceDefender.yaml', path('recipe.yaml'))
  mkdirSync(path('component'))
  // Bundled with the parameters that name them.
  symlinkSync(resolve('component/profiles'), path('component/profiles'))
  cpSync('component/Dockerfile', path('component/Dockerfile'))
  write('component/main.ts', program)
  write('LICENSE', 'Apache License\n')
  return {
    root,
    path,
    write,
    read: (name) => readFileSync(path(name), 'utf8'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
