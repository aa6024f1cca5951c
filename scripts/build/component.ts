/**
 * `npm run component:build`: builds the component of the checkout in the current folder, and says what came out.
 *
 *   npm run component:build -- --with-node            also the variant with its own Node, for all architectures
 *   npm run component:build -- --with-node arm amd64  for these
 */
import { relative } from 'node:path'
import { buildComponent } from './component-build.ts'
import { type Architecture, architectures } from './node-packages.ts'

try {
  const root = process.cwd()
  const withNode = readArguments(process.argv.slice(2))
  for (const built of await buildComponent({ root, withNode })) {
    const { componentName, version, artifactPath, artifactBytes } = built
    const kilobytes = Math.ceil(artifactBytes / 1000)
    process.stdout.write(`${componentName} ${version}: ${relative(root, artifactPath)}, ${kilobytes} kB\n`)
  }
} catch (error) {
  process.stderr.write(`component:build: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

function readArguments([option, ...names]: readonly string[]): readonly Architecture[] {
  if (option === undefined) return []
  if (option !== '--with-node')
    throw new Error(`${option} is not known; there is --with-node [architecture...]`)
  const isArchitecture = (name: string): name is Architecture => architectures.some((each) => each === name)
  const unknown = names.find((name) => !isArchitecture(name))
  if (unknown !== undefined) throw new Error(`${unknown} is not one of ${architectures.join(', ')}`)
  return names.length === 0 ? architectures : names.filter(isArchitecture)
}
