/** The variant with its own Node, built with small packages of the same form in the place of the registry's. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { buildComponent } from '../../scripts/build/component-build.ts'
import { architectures, obtainNode } from '../../scripts/build/node-packages.ts'
import { readTar } from '../../scripts/build/tar.ts'
import { type Checkout, createCheckout } from './checkout.ts'
import { tarOf } from './tar-of.ts'

const WITH_NODE = 'community.greengrass.DeviceDefender.WithNode'
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
/** Runs with this machine's Node, and says so to those who look. */
const PROGRAM = `#!/bin/sh\nexec ${process.execPath} "$@"\n`

const integrityOf = (bytes: Uint8Array) => `sha512-${createHash('sha512').update(bytes).digest('base64')}`

let checkout: Checkout
beforeAll(() => {
  checkout = createCheckout()
  mkdirSync(checkout.path('cache'))
})
afterAll(() => checkout.remove())

function putPackage(name: string, files: Readonly<Record<string, string>>) {
  const bytes = gzipSync(tarOf(files))
  writeFileSync(checkout.path('cache', `${name}-1.0.0.tgz`), bytes)
  return { name, version: '1.0.0', license: 'MIT', integrity: integrityOf(bytes) }
}

describe('a build', () => {
  const folder = (...parts: string[]) =>
    checkout.path('greengrass-build/artifacts', WITH_NODE, version, ...parts)

  beforeAll(async () => {
    const entries = architectures.map((each) => [
      each,
      putPackage(`node-${each}`, { 'package/LICENSE': `license of ${each}`, 'package/bin/node': PROGRAM }),
    ])
    await buildComponent({
      root: checkout.root,
      withNode: ['amd64', 'arm'],
      nodeCache: checkout.path('cache'),
      nodes: Object.fromEntries(entries),
    })
  })

  test('has an artifact for each architecture that was asked for', () => {
    expect(readdirSync(folder())).toEqual(['greengrass-defender-amd64.zip', 'greengrass-defender-arm.zip'])
  })

  test('the artifact holds what the small one does, Node and its license', () => {
    const small = checkout.path('greengrass-build/artifacts/community.greengrass.DeviceDefender', version)
    const files = unzipSync(readFileSync(folder('greengrass-defender-arm.zip')))
    const others = unzipSync(readFileSync(join(small, 'greengrass-defender.zip')))
    expect(Object.keys(files)).toEqual([...Object.keys(others), 'LICENSE.node', 'node'].toSorted())
    expect(Buffer.from(files['LICENSE.node'] ?? []).toString()).toBe('license of arm')
    expect(files['main.js']).toEqual(others['main.js'])
  })

  test('the bill of materials names that Node', () => {
    const files = unzipSync(readFileSync(folder('greengrass-defender-arm.zip')))
    const { components } = JSON.parse(Buffer.from(files['sbom.cdx.json'] ?? []).toString())
    const platforms = components.filter(({ type }: { type: string }) => type === 'platform')
    expect(platforms).toMatchObject([{ purl: 'pkg:npm/node-arm@1.0.0', hashes: [{ alg: 'SHA-512' }] }])
  })

  test('Node is executable where unzip heeds it, and all else is not', () => {
    const zip = readFileSync(folder('greengrass-defender-amd64.zip'))
    const modes = new Map<string, string>()
    // APPNOTE.TXT 4.3.12: the central directory's entries.
    for (let at = zip.indexOf('PK\x01\x02'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 1)) {
      const name = zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28))
      modes.set(name, (zip.readUInt32LE(at + 38) >>> 16).toString(8))
    }
    expect(modes.get('node')).toBe('100755')
    expect([...modes].filter(([name, mode]) => name !== 'node' && mode !== '100644')).toEqual([])
  })

  test('the recipe has the manifests of those architectures, each with its artifact', () => {
    const recipe = checkout.read(`greengrass-build/recipes/${WITH_NODE}.yaml`)
    const manifests = parse(recipe).Manifests.map(
      ({ Platform, Artifacts }: { Platform: Record<string, string>; Artifacts: { Uri: string }[] }) =>
        [Platform.runtime ?? 'classic', Platform.architecture, Artifacts[0]?.Uri.split('/').at(-1)].join(' '),
    )
    expect(manifests).toEqual([
      'aws_nucleus_lite amd64 greengrass-defender-amd64.zip',
      'aws_nucleus_lite arm greengrass-defender-arm.zip',
      'classic amd64 greengrass-defender-amd64.zip',
      'classic arm greengrass-defender-arm.zip',
    ])
    // The policies keep their comments and their form.
    expect(recipe).toContain('# Numbers are strings, since the classic nucleus may turn numbers into floats')
  })
})

test('without being asked for, the variant is not built, and what an earlier build left is gone', async () => {
  await buildComponent({ root: checkout.root })
  expect(existsSync(checkout.path('greengrass-build/artifacts', WITH_NODE))).toBe(false)
  expect(existsSync(checkout.path('greengrass-build/recipes', `${WITH_NODE}.yaml`))).toBe(false)
})

describe('a package is refused', () => {
  test('when it is not the one that was pinned, and is not kept', () => {
    const pinned = putPackage('other', { 'package/LICENSE': '', 'package/bin/node': '' })
    putPackage('other', { 'package/LICENSE': '', 'package/bin/node': 'changed' })
    expect(() => obtainNode(pinned, checkout.path('cache'))).toThrow(
      /^other@1\.0\.0 is not the package that was pinned: sha512-/,
    )
    expect(existsSync(checkout.path('cache/other-1.0.0.tgz'))).toBe(false)
  })

  test('when it lacks the program', () => {
    const pinned = putPackage('empty', { 'package/LICENSE': '' })
    expect(() => obtainNode(pinned, checkout.path('cache'))).toThrow(/lacks bin\/node or LICENSE/)
  })
})

describe('tar', () => {
  const archive = tarOf({ a: 'first', b: 'x'.repeat(512), c: 'last' })
  test('gives the files that are wanted', () => {
    const files = readTar(archive, ['b', 'c', 'd'])
    expect([...files].map(([name, bytes]) => [name, bytes.length])).toEqual([
      ['b', 512],
      ['c', 4],
    ])
  })
  test.each([
    { name: 'is cut off', damage: (bytes: Buffer) => bytes.subarray(0, 1600), says: /b is cut off/ },
    { name: 'has no size', damage: (bytes: Buffer) => bytes.fill('x', 124, 136), says: /a: the size is "x/ },
  ])('refuses an archive that $name', ({ damage, says }) => {
    expect(() => readTar(damage(Buffer.from(archive)), ['a'])).toThrow(says)
  })
})
