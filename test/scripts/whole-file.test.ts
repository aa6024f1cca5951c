/** What takes the place of what: files, links, pipes, and what somebody else laid there. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OperatorProblem } from '../../scripts/aws/operator-io.ts'
import { writeWholeFile } from '../../scripts/whole-file.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defender-whole-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const at = (name: string) => join(folder, name)
const permissionsOf = async (name: string) => (await stat(at(name))).mode & 0o777

describe('a file', () => {
  test('that is new has the mode that was asked for, and is alone', async () => {
    await writeWholeFile(at('new'), 'text', { mode: 0o600, sync: true })
    expect(await readFile(at('new'), 'utf8')).toBe('text')
    expect(await permissionsOf('new')).toBe(0o600)
    expect(await readdir(folder)).toEqual(['new'])
  })

  test('that is there is replaced whole and keeps its mode', async () => {
    await writeFile(at('old'), 'former')
    await chmod(at('old'), 0o664)
    const { ino } = await stat(at('old'))
    await writeWholeFile(at('old'), 'text', { mode: 0o600 })
    expect(await readFile(at('old'), 'utf8')).toBe('text')
    expect(await permissionsOf('old')).toBe(0o664)
    expect((await stat(at('old'))).ino).not.toBe(ino)
  })

  test.runIf(process.getuid?.() === 0)('that is there keeps its owner', async () => {
    await writeFile(at('old'), 'former')
    await chown(at('old'), 4321, 1234)
    await writeWholeFile(at('old'), 'text')
    expect(await stat(at('old'))).toMatchObject({ uid: 4321, gid: 1234 })
  })

  test('that cannot be written is a sentence, and nothing is left behind', async () => {
    await mkdir(at('folder'))
    for (const [path, code] of [
      [at('none/file'), 'ENOENT'],
      [at('folder'), 'EISDIR'],
    ] as const) {
      await expect(writeWholeFile(path, 'text')).rejects.toThrow(
        new OperatorProblem(`${path}: cannot be written (${code})`),
      )
    }
    expect(await readdir(folder)).toEqual(['folder'])
  })
})

describe('a link', () => {
  const links = [
    { name: 'to a file', pointsTo: 'deep/file', former: true },
    { name: 'to a link', pointsTo: 'second', former: true },
    { name: 'to a file that is not there yet', pointsTo: 'deep/file', former: false },
  ]
  test.each(links)('$name stays, and what it points to is written', async ({ pointsTo, former }) => {
    await mkdir(at('deep'))
    if (former) await writeFile(at('deep/file'), 'former')
    await symlink('deep/file', at('second'))
    await symlink(pointsTo, at('first'))
    await writeWholeFile(at('first'), 'text')
    expect(await readlink(at('first'))).toBe(pointsTo)
    expect((await lstat(at('deep/file'))).isFile()).toBe(true)
    expect(await readFile(at('deep/file'), 'utf8')).toBe('text')
  })

  test('is followed from where it lies, when that was reached by a link, too', async () => {
    await mkdir(at('deep/er'), { recursive: true })
    await symlink('../file', at('deep/er/first'))
    await symlink('deep/er', at('short'))
    await writeWholeFile(at('short/first'), 'text')
    expect(await readFile(at('deep/file'), 'utf8')).toBe('text')
  })

  test('in a circle is refused', async () => {
    await symlink('circle', at('circle'))
    await expect(writeWholeFile(at('circle'), 'text')).rejects.toThrow('cannot be written (ELOOP)')
  })

  test('laid where the new file is prepared is not followed', async () => {
    await writeFile(at('secret'), 'mine')
    await symlink('secret', at(`file.${process.pid}.tmp`))
    await writeWholeFile(at('file'), 'text')
    expect(await readFile(at('secret'), 'utf8')).toBe('mine')
    expect((await lstat(at('file'))).isFile()).toBe(true)
    expect((await readdir(folder)).sort()).toEqual(['file', 'secret'])
  })
})

describe('what is no file stays what it is', () => {
  test.each(['pipe', 'link to a pipe'])('%s', async (name) => {
    execFileSync('mkfifo', [at('pipe')])
    await symlink('pipe', at('link to a pipe'))
    const read = readFile(at('pipe'), 'utf8')
    await writeWholeFile(at(name), 'text', { sync: true })
    expect((await lstat(at('pipe'))).isFIFO()).toBe(true)
    expect(await read).toBe('text')
  })

  test('link to a device', async () => {
    await symlink('/dev/null', at('null'))
    await writeWholeFile(at('null'), 'text')
    expect((await stat(at('null'))).isCharacterDevice()).toBe(true)
  })

  test('socket, which nobody can open', async () => {
    const server = createServer().listen(at('socket'))
    await once(server, 'listening')
    await expect(writeWholeFile(at('socket'), 'text')).rejects.toThrow('cannot be written (ENXIO)')
    expect((await lstat(at('socket'))).isSocket()).toBe(true)
    server.close()
  })
})

describe('a file that has to be new', () => {
  test('is written whole, with its mode', async () => {
    await writeWholeFile(at('new'), 'text', { isNew: true, mode: 0o600 })
    expect(await readFile(at('new'), 'utf8')).toBe('text')
    expect(await permissionsOf('new')).toBe(0o600)
    expect(await readdir(folder)).toEqual(['new'])
  })

  test.each(['file', 'link', 'link to nothing'])('takes the place of no %s', async (name) => {
    await writeFile(at('file'), 'mine')
    await symlink('file', at('link'))
    await symlink('nothing', at('link to nothing'))
    const before = await readdir(folder)
    await expect(writeWholeFile(at(name), 'text', { isNew: true })).rejects.toThrow(
      new OperatorProblem(`${at(name)}: is there already: add --force to write over it`),
    )
    expect(await readFile(at('file'), 'utf8')).toBe('mine')
    expect(await readdir(folder)).toEqual(before)
  })
})
