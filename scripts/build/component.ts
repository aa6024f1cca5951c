/** `npm run component:build`: builds the component of the checkout in the current folder, and says what came out. */
import { relative } from 'node:path'
import { buildComponent } from './component-build.ts'

try {
  const root = process.cwd()
  for (const { componentName, version, artifactPath, artifactBytes } of await buildComponent({ root })) {
    const kilobytes = Math.ceil(artifactBytes / 1000)
    process.stdout.write(`${componentName} ${version}: ${relative(root, artifactPath)}, ${kilobytes} kB\n`)
  }
} catch (error) {
  process.stderr.write(`component:build: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
