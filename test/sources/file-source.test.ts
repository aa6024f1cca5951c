import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FILE_BYTES_MAX, readFileSource } from '../../src/sources/file-source.ts'

const directory = mkdtempSync(join(tmpdir(), 'file-source-'))
const inDirectory = (name: string) => join(directory, name)
const socket = createServer()

beforeAll(async () => {
  writeFileSync(inDirectory('value'), '21.5\n')
  writeFileSync(inDirectory('full'), 'x'.repeat(FILE_BYTES_MAX))
  writeFileSync(inDirectory('too-long'), 'x'.repeat(FILE_BYTES_MAX + 1))
  writeFileSync(inDirectory('latin-1'), Buffer.from('br\xfccke', 'latin1'))
  writeFileSync(inDirectory('secret'), '1')
  chmodSync(inDirectory('secret'), 0)
  symlinkSync('value', inDirectory('link'))
  symlinkSync('gone', inDirectory('dangling'))
  symlinkSync('circle', inDirectory('circle'))
  execFileSync('mkfifo', [inDirectory('pipe')])
  await new Promise<void>((resolve) => socket.listen(inDirectory('socket'), resolve))
})

afterAll(() => {
  socket.close()
  rmSync(directory, { recursive: true })
})

describe('refused', () => {
  const isRoot = process.getuid?.() === 0
  it.each([
    { name: 'no such file', path: inDirectory('gone'), code: 'unreadable', says: /ENOENT.*gone/ },
    { name: 'a link to nothing', path: inDirectory('dangling'), code: 'unreadable', says: /ENOENT/ },
    { name: 'a link to itself', path: inDirectory('circle'), code: 'unreadable', says: /ELOOP/ },
    { name: 'a file as a directory', path: inDirectory('value/x'), code: 'unreadable', says: /ENOTDIR/ },
    { name: 'a NUL in the path', path: 'a\0b', code: 'unreadable', says: /null bytes/ },
    { name: 'a directory', path: directory, code: 'not-regular', says: /not a regular file/ },
    {
      name: 'a pipe that nobody writes to',
      path: inDirectory('pipe'),
      code: 'not-regular',
      says: /not a regular file/,
    },
    { name: 'a socket', path: inDirectory('socket'), code: 'unreadable', says: /ENXIO/ },
    { name: 'a device without end', path: '/dev/zero', code: 'not-regular', says: /not a regular file/ },
    {
      name: 'one byte too many',
      path: inDirectory('too-long'),
      code: 'too-large',
      says: /more than 65536 bytes/,
    },
    { name: 'not UTF-8', path: inDirectory('latin-1'), code: 'value', says: /not UTF-8/ },
  ])('$name: $code', async ({ path, code, says }) => {
    const error = { name: 'SourceError', code, message: expect.stringMatching(says) }
    await expect(readFileSource({ path })).rejects.toMatchObject(error)
  })

  it.skipIf(isRoot)('no permission', async () => {
    await expect(readFileSource({ path: inDirectory('secret') })).rejects.toMatchObject({
      code: 'unreadable',
    })
  })

  it('when the agent is stopping, before and during', async () => {
    const stopping = readFileSource({ path: inDirectory('value') }, AbortSignal.abort())
    await expect(stopping).rejects.toMatchObject({ code: 'aborted' })
    const controller = new AbortController()
    const reading = readFileSource({ path: inDirectory('full') }, controller.signal)
    controller.abort()
    await expect(reading).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('read', () => {
  it.each([
    { name: 'a file', path: inDirectory('value'), text: '21.5\n' },
    { name: 'a link, as all of /sys/class are', path: inDirectory('link'), text: '21.5\n' },
    { name: 'a file as long as the bound', path: inDirectory('full'), text: 'x'.repeat(FILE_BYTES_MAX) },
  ])('$name', async ({ path, text }) => {
    expect(await readFileSource({ path }, new AbortController().signal)).toBe(text)
  })

  it.skipIf(process.platform !== 'linux')('a file of /proc, which says it has 0 bytes', async () => {
    expect(await readFileSource({ path: '/proc/self/status' })).toMatch(/^Name:\t/)
  })
})
