/**
 * The device SDK's Greengrass IPC client, over the transport it ships with and over ours.
 * Ours is put below it as the build does: esbuild takes our file wherever the SDK says `aws-crt`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const require = createRequire(import.meta.url)

export const SDK_ENTRY = require.resolve('aws-iot-device-sdk-v2/dist/greengrasscoreipc.js')
const OUR_TRANSPORT = fileURLToPath(new URL('../../../src/ipc/event-stream/aws-crt.ts', import.meta.url))

export type Sdk = typeof import('aws-iot-device-sdk-v2/dist/greengrasscoreipc.js')

export const loadNative = (): Sdk => require(SDK_ENTRY)

/** A CommonJS file that needs nothing but Node. */
export async function bundleOurs(): Promise<{ file: string; load: () => Sdk; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sdk-bundle-'))
  const file = join(folder, 'greengrasscoreipc.cjs')
  await build({
    entryPoints: [SDK_ENTRY],
    alias: { 'aws-crt': OUR_TRANSPORT },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile: file,
    logLevel: 'error',
  })
  return { file, load: () => require(file), remove: () => rm(folder, { recursive: true, force: true }) }
}
