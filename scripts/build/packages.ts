/** The packages of which the bundle holds something, with what npm and their authors say of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** As an SPDX expression, as package.json has it. */
  readonly license?: string
  /** From the root, as in package-lock.json. */
  readonly folder: string
  /** Of the package as npm delivers it, in the words of Subresource Integrity; from package-lock.json. */
  readonly integrity?: string
  /** What the build leaves out of it; see `lean-sdk.ts` and `lean-winston.ts`. */
  readonly change?: string
}

/** The licenses ask that changes be told. */
const CHANGES: Readonly<Record<string, string>> = {
  'aws-iot-device-sdk-v2':
    'The Greengrass IPC client without the operations that are not called; its native transport is replaced.',
  winston: 'Only the logger and its console transport.',
}

/** In the order of their folders. */
export function bundledPackages(root: string, { outputs }: Metafile): BundledPackage[] {
  const inputs = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? path : [])),
  )
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages as Readonly<
    Record<string, { readonly integrity?: string } | undefined>
  >
  return [...new Set(inputs.flatMap(packageFolder))].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const integrity = lock[folder]?.integrity
    const change = CHANGES[name]
    return {
      name,
      version,
      folder,
      ...(license !== undefined && { license }),
      ...(integrity !== undefined && { integrity }),
      ...(change !== undefined && { change }),
    }
  })
}

/** `node_modules/a/node_modules/@b/c` of `node_modules/a/node_modules/@b/c/index.js`. */
function packageFolder(input: string): string[] {
  const match = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
  return match?.[1] === undefined ? [] : [match[1]]
}
