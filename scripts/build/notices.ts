/**
 * The licenses of what is bundled, as most of them ask: each package with its version and its license's text.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `inputs` are the paths that went into the bundle, from the root. */
export function thirdPartyNotices(root: string, inputs: readonly string[]): string {
  const folders = [...new Set(inputs.flatMap(packageFolder))].toSorted()
  const notices = folders.map((folder) => notice(join(root, folder)))
  return `${['This product includes the following packages.', ...notices].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

/** `node_modules/a/node_modules/@b/c` of `node_modules/a/node_modules/@b/c/index.js`. */
function packageFolder(input: string): string[] {
  const match = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
  return match?.[1] === undefined ? [] : [match[1]]
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const text = licenseText(folder)
  if (license === undefined && text === undefined) throw new Error(`${folder} names no license`)
  return [`${name} ${version} (${license ?? 'license below'})`, ...(text === undefined ? [] : [text])].join(
    '\n\n',
  )
}

function licenseText(folder: string): string | undefined {
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)(\.(md|txt))?$/i.test(name))
  const texts = files.toSorted().map((name) => readFileSync(join(folder, name), 'utf8').trim())
  return texts.length === 0 ? undefined : texts.join('\n\n')
}
