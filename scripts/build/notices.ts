/**
 * The licenses of what is bundled, as most of them ask: each package with its version and its license's text.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BundledPackage } from './packages.ts'

export function thirdPartyNotices(root: string, packages: readonly BundledPackage[]): string {
  const notices = packages.map((each) => notice(root, each))
  return `${['This product includes the following packages.', ...notices].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

function notice(root: string, { name, version, license, folder, change }: BundledPackage): string {
  const text = licenseText(join(root, folder))
  if (license === undefined && text === undefined) throw new Error(`${folder} names no license`)
  return [
    `${name} ${version} (${license ?? 'license below'})`,
    ...(change === undefined ? [] : [`Changed: ${change}`]),
    ...(text === undefined ? [] : [text]),
  ].join('\n\n')
}

function licenseText(folder: string): string | undefined {
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)(\.(md|txt))?$/i.test(name))
  const texts = files.toSorted().map((name) => readFileSync(join(folder, name), 'utf8').trim())
  return texts.length === 0 ? undefined : texts.join('\n\n')
}
