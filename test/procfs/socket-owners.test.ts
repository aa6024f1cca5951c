/** Whose sockets: made-up trees for what must not go wrong, and this very process for the real thing. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ProcReadError } from '../../src/procfs/parse-error.ts'
import { openProcFs, type ProcFs } from '../../src/procfs/proc-fs.ts'
import { findSocketOwners, type WantedSocket } from '../../src/procfs/socket-owners.ts'
import { writeTree } from '../helpers/proc.ts'
import { TCP_HEADER } from '../helpers/sockets.ts'

const undo: (() => void)[] = []
afterEach(() => {
  for (const step of undo.splice(0)) step()
})

interface Sockets {
  readonly tcp?: readonly string[]
  readonly tcp6?: readonly string[]
  readonly udp?: readonly string[]
}

/** Addresses as a little-endian kernel prints them. */
const line = (local: string, remote: string, state: string, inode: number) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`
const NOWHERE = '00000000:0000'
const LOCALHOST = '0100007F'
const listener = (port: string, inode: number) => line(`00000000:${port}`, NOWHERE, '0A', inode)
const connection = (remote: string, inode: number) => line(`${LOCALHOST}:D431`, `${remote}:01BB`, '01', inode)

interface ProcessTree {
  readonly sockets: readonly number[]
  readonly exe?: string
  readonly comm?: string
  readonly cgroup?: string
}

/** A tree with these tables and processes, each with an ordinary file open too. */
function treeOf(sockets: Sockets, processes: Readonly<Record<number, ProcessTree>>): ProcFs {
  const table = (lines: readonly string[] = []) => [TCP_HEADER, ...lines, ''].join('\n')
  const root = writeTree({
    'net/dev': '',
    'net/tcp': table(sockets.tcp),
    'net/udp': table(sockets.udp),
    ...(sockets.tcp6 && { 'net/tcp6': table(sockets.tcp6) }),
    ...Object.fromEntries(
      Object.entries(processes).flatMap(([pid, { comm = 'a process', cgroup = '0::/init.scope' }]) => [
        [`${pid}/comm`, `${comm}\n`],
        [`${pid}/cgroup`, `${cgroup}\n`],
      ]),
    ),
  })
  undo.push(() => rmSync(root, { recursive: true }))
  for (const [pid, { sockets: inodes, exe }] of Object.entries(processes)) {
    if (exe !== undefined) symlinkSync(exe, join(root, pid, 'exe'))
    mkdirSync(join(root, pid, 'fd'))
    const targets = ['/dev/null', 'anon_inode:[eventpoll]', ...inodes.map((inode) => `socket:[${inode}]`)]
    for (const [descriptor, target] of targets.entries()) {
      symlinkSync(target, join(root, pid, 'fd', String(descriptor)))
    }
  }
  return { ...openProcFs(root), isLittleEndian: true }
}

const tcp = (port: number): WantedSocket => ({ kind: 'listener', protocol: 'tcp', port })
const remote = (address: string): WantedSocket => ({ kind: 'remote', address })
/** Time stands still. */
const still = { monotonicMs: () => 0 }

describe('finds', () => {
  const SERVER = { sockets: [70, 71], exe: '/usr/sbin/sshd' }

  const cases: {
    name: string
    sockets: Sockets
    wanted: WantedSocket
    processes?: Record<number, ProcessTree>
    pid: number
  }[] = [
    { name: 'a listener', sockets: { tcp: [listener('0016', 71)] }, wanted: tcp(22), pid: 5 },
    {
      name: 'an IPv6 listener',
      sockets: { tcp: [], tcp6: [line(`${'0'.repeat(32)}:0016`, `${'0'.repeat(32)}:0000`, '0A', 71)] },
      wanted: tcp(22),
      pid: 5,
    },
    {
      name: 'a UDP listener',
      sockets: { udp: [line('00000000:0045', NOWHERE, '07', 70)] },
      wanted: { kind: 'listener', protocol: 'udp', port: 69 },
      pid: 5,
    },
    {
      name: 'a connection by its remote address',
      sockets: { tcp: [connection('076433C6', 70)] },
      wanted: remote('198.51.100.7'),
      pid: 5,
    },
    {
      name: 'a connection over IPv6',
      sockets: {
        tcp6: [line(`${'0'.repeat(32)}:0001`, 'B80D0120000000000000000007000000:01BB', '01', 70)],
      },
      wanted: remote('2001:db8::7'),
      pid: 5,
    },
    {
      name: 'a connection over IPv4 of an IPv6 socket',
      sockets: {
        tcp6: [
          line('0000000000000000FFFF00000100007F:0001', '0000000000000000FFFF0000076433C6:01BB', '01', 70),
        ],
      },
      wanted: remote('198.51.100.7'),
      pid: 5,
    },
    {
      name: 'the one connection of several whose process we may see',
      sockets: { tcp: [connection('076433C6', 0), connection('076433C6', 99), connection('076433C6', 70)] },
      wanted: remote('198.51.100.7'),
      pid: 5,
    },
    {
      name: 'the newest of processes that share a socket',
      sockets: { tcp: [listener('0016', 70)] },
      wanted: tcp(22),
      processes: { 5: SERVER, 40: { sockets: [70], exe: '/usr/sbin/sshd' }, 7: SERVER },
      pid: 40,
    },
  ]

  test.each(cases)('$name', ({ sockets, wanted, processes = { 5: SERVER, 40: { sockets: [1] } }, pid }) => {
    expect(findSocketOwners(treeOf(sockets, processes), [wanted], still)).toEqual([
      { pid, executable: '/usr/sbin/sshd' },
    ])
  })

  test('each of several, in the order asked for', () => {
    const sockets = { tcp: [listener('0017', 11), listener('115C', 12), connection('076433C6', 12)] }
    const proc = treeOf(sockets, {
      1: { sockets: [11], exe: '/bin/a' },
      2: { sockets: [12], exe: '/bin/b (deleted)' },
    })
    expect(findSocketOwners(proc, [tcp(4444), tcp(23), tcp(80), remote('198.51.100.7')], still)).toEqual([
      { pid: 2, executable: '/bin/b (deleted)' },
      { pid: 1, executable: '/bin/a' },
      { unknown: 'no such socket' },
      { pid: 2, executable: '/bin/b (deleted)' },
    ])
  })

  test('the name where the program cannot be read, and the container', () => {
    const id = '0123456789abcdef'.repeat(4)
    const proc = treeOf(
      { tcp: [listener('115C', 12)] },
      { 2: { sockets: [12], comm: 'nc -l', cgroup: `0::/system.slice/docker-${id}.scope` } },
    )
    expect(findSocketOwners(proc, [tcp(4444)], still)).toEqual([
      { pid: 2, executable: 'nc -l', containerId: id },
    ])
  })
})

describe('does not find, and says why', () => {
  const one = { sockets: [12], exe: '/bin/a' }
  const cases: { name: string; sockets: Sockets; wanted: WantedSocket; unknown: string }[] = [
    {
      name: 'no such port',
      sockets: { tcp: [listener('0017', 12)] },
      wanted: tcp(24),
      unknown: 'no such socket',
    },
    {
      name: 'a connection of that port is no listener',
      sockets: { tcp: [line(`${LOCALHOST}:0017`, `${LOCALHOST}:D431`, '01', 12)] },
      wanted: tcp(23),
      unknown: 'no such socket',
    },
    {
      name: 'a listener of another protocol',
      sockets: { udp: [line('00000000:0017', NOWHERE, '07', 12)] },
      wanted: tcp(23),
      unknown: 'no such socket',
    },
    {
      name: 'a connected UDP socket is no listener',
      sockets: { udp: [line('0100007F:0017', '0100007F:0018', '07', 12)] },
      wanted: { kind: 'listener', protocol: 'udp', port: 23 },
      unknown: 'no such socket',
    },
    {
      name: 'a socket of the kernel',
      sockets: { tcp: [listener('0017', 77)] },
      wanted: tcp(23),
      unknown: 'no process holds it',
    },
    {
      name: 'a connection that waits to be accepted',
      sockets: { tcp: [connection('076433C6', 0)] },
      wanted: remote('198.51.100.7'),
      unknown: 'no process holds it',
    },
    {
      name: 'lines that are not of the format',
      sockets: {
        tcp: ['   0: 00000000:0017 00000000:0000 0A', '???', '   0: 0:0 0:0 0A 0:0 0:0 0 0 0 x 1 '],
      },
      wanted: tcp(23),
      unknown: 'no such socket',
    },
  ]
  test.each(cases)('$name', ({ sockets, wanted, unknown }) => {
    expect(findSocketOwners(treeOf(sockets, { 1: one }), [wanted], still)).toEqual([{ unknown }])
  })

  const LISTENING = { tcp: [listener('0017', 12)] }

  test('the processes of other users', () => {
    const proc = treeOf(LISTENING, { 1: one, 2: { sockets: [] } })
    const listFolder = (path: string, max: number) => {
      if (!path.startsWith('1/')) return proc.listFolder(path, max)
      throw new ProcReadError(path, 'EACCES', Object.assign(new Error('EACCES'), { code: 'EACCES' }))
    }
    expect(findSocketOwners({ ...proc, listFolder }, [tcp(23), tcp(24)], still)).toEqual([
      { unknown: 'permission denied' },
      { unknown: 'no such socket' },
    ])
  })

  test('a process that ends while it is looked at', () => {
    const proc = treeOf(LISTENING, { 1: one, 2: one })
    rmSync(join(proc.procPath, '2', 'fd'), { recursive: true })
    expect(findSocketOwners(proc, [tcp(23)], still)).toEqual([{ pid: 1, executable: '/bin/a' }])
  })

  test('no tables at all', () => {
    const proc = treeOf(LISTENING, { 1: one })
    const read = () => {
      throw new ProcReadError('net/tcp', 'EACCES')
    }
    expect(findSocketOwners({ ...proc, read }, [tcp(23)], still)).toEqual([{ unknown: 'cannot be read' }])
  })

  test('more than a violation shows', () => {
    const wanted = Array.from({ length: 101 }, () => tcp(23))
    const owners = findSocketOwners(treeOf(LISTENING, { 1: one }), wanted, still)
    expect(owners.slice(98)).toEqual([
      { pid: 1, executable: '/bin/a' },
      { pid: 1, executable: '/bin/a' },
      { unknown: 'too many asked for' },
    ])
  })
})

describe('takes no more time than it may', () => {
  // Process 1, which is looked at last, has the socket.
  const processes = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [index + 1, { sockets: [900 + index] }]),
  )

  test.each([
    { name: 'in the first table', budgetMs: 0, gives: { unknown: 'time ran out' } },
    { name: 'in the second table', budgetMs: 3, gives: { unknown: 'time ran out' } },
    { name: 'among the processes', budgetMs: 30, gives: { unknown: 'time ran out' } },
    { name: 'not at all', budgetMs: 200, gives: { pid: 1, executable: 'a process' } },
  ])('and gives up $name, when each look at the clock costs a millisecond', ({ budgetMs, gives }) => {
    let now = 0
    const proc = treeOf({ tcp: [listener('0017', 900)], tcp6: [] }, processes)
    expect(findSocketOwners(proc, [tcp(23)], { monotonicMs: () => now++, budgetMs })).toEqual([gives])
    expect(now).toBeLessThanOrEqual(budgetMs + 3)
  })
})

test('finds this very process, by its listeners and its connections', async () => {
  const server: Server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect({ port, host: '127.0.0.1' })
  const udp = createSocket('udp4')
  undo.push(() => {
    client.destroy()
    server.close()
    udp.close()
  })
  udp.bind(0, '127.0.0.1')
  await Promise.all([once(client, 'connect'), once(server, 'connection'), once(udp, 'listening')])
  const owners = findSocketOwners(
    openProcFs(),
    [tcp(port), { kind: 'listener', protocol: 'udp', port: udp.address().port }],
    { monotonicMs: () => performance.now(), budgetMs: 15_000 },
  )
  const me = { pid: process.pid, executable: process.execPath }
  expect(owners).toMatchObject([me, me])
})

test('the door reads no more of a folder than it is told, and says what is not there', () => {
  const root = mkdtempSync(join(tmpdir(), 'proc-'))
  undo.push(() => rmSync(root, { recursive: true }))
  for (const name of ['a', 'b', 'c']) {
    mkdirSync(join(root, '1', 'fd'), { recursive: true })
    symlinkSync('socket:[1]', join(root, '1/fd', name))
  }
  const proc = openProcFs(root)
  expect(proc.listFolder('1/fd', 2)).toHaveLength(2)
  expect(proc.listFolder('1/fd', 9).sort()).toEqual(['a', 'b', 'c'])
  expect(proc.readLink('1/fd/a')).toBe('socket:[1]')
  expect(() => proc.readLink('1/fd/d')).toThrow('1/fd/d: ENOENT')
  expect(() => proc.listFolder('2/fd', 2)).toThrow(expect.objectContaining({ isMissing: true }))
})
