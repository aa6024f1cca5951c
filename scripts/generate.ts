/**
 * `npm run generate`: writes what is generated from the table of parameters into the current folder's checkout.
 * With `--check` it writes nothing, and fails when something is stale.
 */
import { findStale, regenerate } from './build/generated.ts'

function main(args: readonly string[]): number {
  const checkOnly = args.includes('--check')
  const unknown = args.filter((argument) => argument !== '--check')
  if (unknown.length > 0) throw new Error(`unknown argument ${unknown.join(' ')}; there is only --check`)
  const paths = checkOnly ? findStale(process.cwd()) : regenerate(process.cwd())
  for (const path of paths)
    process.stdout.write(`${path} ${checkOnly ? 'is stale: run npm run generate' : 'written'}\n`)
  return checkOnly && paths.length > 0 ? 1 : 0
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`generate: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
