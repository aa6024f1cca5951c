/**
 * What the artifact is made of, for scanners and auditors: a software bill of materials, CycloneDX 1.6 as JSON.
 *
 * The same sources give the same bytes: there is no timestamp, and the serial number is made from the contents.
 * Sources: CycloneDX 1.6 JSON reference (cyclonedx.org/docs/1.6/json); package URLs (ECMA-427).
 */
import { createHash } from 'node:crypto'
import type { BundledPackage } from './packages.ts'

/** What the artifact is. */
export interface Subject {
  readonly name: string
  readonly version: string
  readonly license: string
}

/** What lies beside the bundle, unchanged: a Node. */
export type DeliveredPackage = Pick<BundledPackage, 'name' | 'version' | 'license' | 'integrity'>

export function billOfMaterials(
  subject: Subject,
  bundled: readonly BundledPackage[],
  delivered: readonly DeliveredPackage[] = [],
): string {
  const ref = `pkg:generic/${subject.name}@${subject.version}`
  const components = [
    ...bundled.map((each) => ({ ...componentOf('library', each), ...pedigree(each) })),
    ...delivered.map((each) => componentOf('platform', each)),
  ].toSorted((a, b) => (a.purl < b.purl ? -1 : 1))
  // One package may be there in two places, in the same version.
  const distinct = components.filter(({ purl }, index) => purl !== components[index - 1]?.purl)
  const document = {
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        type: 'application',
        'bom-ref': ref,
        ...subject,
        license: undefined,
        ...licenses(subject.license),
      },
    },
    components: distinct,
    dependencies: [
      { ref, dependsOn: distinct.map(({ purl }) => purl) },
      ...distinct.map(({ purl }) => ({ ref: purl })),
    ],
    compositions: [{ aggregate: 'complete', assemblies: [ref] }],
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(document))}`
  const head = { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber, version: 1 }
  return `${JSON.stringify({ ...head, ...document }, null, 1)}\n`
}

function componentOf(type: 'library' | 'platform', { name, version, license, integrity }: DeliveredPackage) {
  const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${version}`
  return {
    type,
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(license !== undefined && licenses(license)),
    ...(integrity !== undefined && { hashes: [hashOf(integrity)] }),
  }
}

const pedigree = ({ change }: BundledPackage) => (change === undefined ? {} : { pedigree: { notes: change } })

/** SPDX's own distinction: an identifier, or several joined by words. */
const licenses = (license: string) => ({
  licenses: [/\s/.test(license) ? { expression: license } : { license: { id: license } }],
})

const ALGORITHMS: Readonly<Record<string, string>> = {
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
}

/** From `sha512-` and base64 (W3C, Subresource Integrity) to a name and hexadecimal digits. */
function hashOf(integrity: string) {
  const [, name = '', digest = ''] = /^(sha\d+)-([A-Za-z0-9+/=]+)$/.exec(integrity) ?? []
  const alg = ALGORITHMS[name]
  if (alg === undefined) throw new Error(`not an integrity that npm writes: ${integrity}`)
  return { alg, content: Buffer.from(digest, 'base64').toString('hex') }
}

/** Version 8 of RFC 9562: bits of one's own making, here of a hash. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4]
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
