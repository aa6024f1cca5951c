/**
 * Does our stand-in for `aws-crt` have what the installed SDK takes from it, with the same numbers and names?
 * A newer SDK that wants more fails here, and not on a device.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as ours from '../../../src/ipc/event-stream/aws-crt.ts'
import { ErrorCode } from '../../../src/ipc/event-stream/crt-error.ts'
import { SDK_ENTRY } from './sdk-bundle.ts'

const native = createRequire(import.meta.url)('aws-crt') as typeof import('aws-crt')

describe('what the SDK takes from aws-crt', async () => {
  const paths = await pathsTakenBySdk()

  it('is found in its files', () => {
    expect(paths).toContain('cancel.newCancellablePromiseFromNextEvent')
    expect(paths).toContain('eventstream.MessageType.ConnectAck')
    expect(paths).toContain('CrtError')
  })

  it.each(paths)('%s', (path) => {
    const expected = valueAt(native, path)
    const actual = valueAt(ours, path)
    expect(expected).toBeDefined()
    if (typeof expected === 'function') expect(actual).toBeTypeOf('function')
    else expect(actual).toEqual(expected)
  })
})

it.each(Object.entries(ErrorCode))('%s is error %i there, too', (name, code) => {
  expect(native.io.error_code_to_name(code)).toBe(name)
})

it.each([
  { name: 'a code', error: ErrorCode.AWS_IO_SOCKET_CLOSED, code: 1051, error_name: 'AWS_IO_SOCKET_CLOSED' },
  { name: 'a code we never give', error: 5, code: 5, error_name: undefined },
  { name: 'a text', error: 'User-initiated disconnect', code: undefined, error_name: undefined },
])('a CrtError made from $name', ({ error, code, error_name }) => {
  const made = new ours.CrtError(error)
  expect(made).toBeInstanceOf(Error)
  expect(made).toMatchObject({ error })
  expect(made.error_code).toBe(code)
  expect(made.error_name).toBe(error_name)
  expect(made.message).toContain(error_name ?? String(error))
})

/** Every `aws_crt_1.x.y` in the files that the Greengrass IPC client is made of; method names of classes excepted. */
async function pathsTakenBySdk(): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [SDK_ENTRY],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    external: ['aws-crt', '@aws-sdk/*'],
  })
  const paths = new Set<string>()
  for (const file of Object.keys(metafile.inputs)) {
    const text = await readFile(file, 'utf8')
    for (const [, path] of text.matchAll(/\baws_crt_1\.([\w.]+)/g)) if (path) paths.add(path)
  }
  return [...paths].sort()
}

function valueAt(root: unknown, path: string): unknown {
  return path.split('.').reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], root)
}
