import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Health } from '../../src/report/health.ts'
import { type StatusServer, serveStatus, writeStatus } from '../../src/store/status.ts'
import { healthy } from '../helpers/health.ts'
import { MemoryDisk } from '../helpers/store-memory-files.ts'

let folder: string
let servers: StatusServer[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'status-'))
  servers = []
})
afterEach(async () => {
  for (const server of servers) await server.close()
  await rm(folder, { recursive: true })
})

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('the file', () => {
  it('is written whole, for the owner alone, over and over', async () => {
    const path = join(folder, 'state', 'status.json')
    expect((await writeStatus(path, healthy)).kind).toBe('written')
    await writeStatus(path, { ...healthy, behaviors: [], starts: 5 })
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ ...healthy, starts: 5 })
    expect(await modeOf(path)).toBe('600')
    expect(await readdir(join(folder, 'state'))).toEqual(['status.json'])
  })

  it('is not longer than what it holds after a longer one', async () => {
    const path = join(folder, 'status.json')
    await writeStatus(path, { ...healthy, thingName: 'x'.repeat(100) })
    await writeStatus(path, healthy)
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(healthy)
  })

  it('does not follow a link planted in its place', async () => {
    await writeFile(join(folder, 'victim'), 'precious')
    await symlink('victim', join(folder, '.status.json.tmp'))
    const written = await writeStatus(join(folder, 'status.json'), healthy)
    expect(written).toMatchObject({ kind: 'failed', code: 'ELOOP' })
    expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('precious')
  })

  const refusals = ['mkdir', 'open', 'truncate', 'write', 'rename'] as const
  it.each(refusals)('keeps the former one where the disk refuses to %s', async (refused) => {
    const disk = new MemoryDisk()
    await writeStatus('/s/status.json', healthy, disk.files)
    disk.refuse = (operation) => (operation === refused ? 'ENOSPC' : undefined)
    const written = await writeStatus('/s/status.json', { ...healthy, starts: 9 }, disk.files)
    expect(written).toMatchObject({ kind: 'failed', code: 'ENOSPC' })
    disk.refuse = undefined
    expect(JSON.parse(disk.get('/s/status.json').toString())).toEqual(healthy)
  })

  it('costs no sync', async () => {
    const disk = new MemoryDisk()
    await writeStatus('/s/status.json', healthy, disk.files)
    expect({ ...disk.counts, sync: disk.counts.sync ?? 0 }).toMatchObject({ sync: 0 })
    expect(disk.counts.syncDirectory ?? 0).toBe(0)
  })
})

describe('the socket', () => {
  const path = () => join(folder, 'status.socket')

  async function serve(read: () => Health | undefined = () => healthy): Promise<StatusServer> {
    const server = await serveStatus(path(), read)
    servers.push(server)
    return server
  }

  const ask = (): Promise<string> => text(connect(path()))

  it('answers each client with the state of the moment, and closes', async () => {
    let starts = 0
    await serve(() => ({ ...healthy, starts: ++starts }))
    expect(JSON.parse(await ask())).toEqual({ ...healthy, starts: 1 })
    expect(JSON.parse(await ask()).starts).toBe(2)
  })

  it('answers nothing before there is a state', async () => {
    await serve(() => undefined)
    expect(await ask()).toBe('')
  })

  it('is for the owner alone, and leaves the umask as it was', async () => {
    const before = process.umask()
    await serve()
    expect(await modeOf(path())).toBe('600')
    expect(process.umask()).toBe(before)
  })

  it('is gone when it is closed, and clients with it', async () => {
    const server = await serve()
    const client = connect(path()).resume()
    await once(client, 'connect')
    const closed = once(client, 'close')
    await server.close()
    await closed
    expect(await readdir(folder)).toEqual([])
  })

  it('takes the place of one that a killed process left', async () => {
    const script = `require('net').createServer().listen(process.argv[1], () => console.log('listening'))`
    const child = spawn(process.execPath, ['-e', script, path()], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await readdir(folder)).toEqual(['status.socket'])
    await serve()
    expect(JSON.parse(await ask())).toEqual(healthy)
  })

  it('does not take the place of one that is served', async () => {
    await serve()
    await expect(serveStatus(path(), () => healthy)).rejects.toThrow(/is served by another process/)
    expect(JSON.parse(await ask())).toEqual(healthy)
  })

  it('does not take the place of a file, or of what a link leads to', async () => {
    await writeFile(join(folder, 'file'), 'precious')
    await expect(serveStatus(join(folder, 'file'), () => healthy)).rejects.toThrow(/is not a socket/)
    await symlink('file', path())
    await expect(serveStatus(path(), () => healthy)).rejects.toThrow(/is not a socket/)
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('precious')
  })

  it('says that the folder is not there', async () => {
    await expect(serveStatus(join(folder, 'no', 'socket'), () => healthy)).rejects.toThrow(/ENOENT|EACCES/)
  })

  it('survives clients that leave, talk, or ask for a state that there is not', async () => {
    let isBroken = true
    await serve(() => {
      if (isBroken) throw new Error('no state yet')
      return healthy
    })
    expect(await ask()).toBe('')
    isBroken = false
    for (let index = 0; index < 20; index += 1)
      connect(path())
        .on('error', () => undefined)
        .destroy()
    const talker: Socket = connect(path())
    talker.on('error', () => undefined)
    talker.write('x'.repeat(100_000))
    expect(JSON.parse(await text(talker))).toEqual(healthy)
    expect(JSON.parse(await ask())).toEqual(healthy)
  })

  it('serves a few clients at once, and no more', async () => {
    await serve(() => ({ ...healthy, thingName: 'x'.repeat(4_000_000) }))
    // None of them reads: their answers do not fit into the kernel's buffers.
    const clients = Array.from({ length: 8 }, () => connect(path()).pause())
    await Promise.all(clients.map((client) => once(client, 'connect')))
    const ninth = connect(path())
    ninth.on('error', () => undefined)
    expect(await text(ninth).catch(() => '')).toBe('')
    for (const client of clients) client.destroy()
  })

  it('can be in a folder that only its owner may enter', async () => {
    await mkdir(join(folder, 'own'))
    await chmod(join(folder, 'own'), 0o700)
    servers.push(await serveStatus(join(folder, 'own', 's'), () => healthy))
    expect(JSON.parse(await text(connect(join(folder, 'own', 's'))))).toEqual(healthy)
  })
})
