import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { interfaceOfIPv4, readLocalAddresses } from '../../src/procfs/local-addresses.ts'
import type { Route } from '../../src/procfs/net-route.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'
import { recordedTree } from '../helpers/proc.ts'

const word = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const route = (name: string, destination: string, mask: string, gateway = '0.0.0.0'): Route => ({
  interface: name,
  destination: word(destination),
  mask: word(mask),
  gateway: word(gateway),
})

describe('interface of an IPv4 address by routes', () => {
  const routes = [
    route('wan0', '0.0.0.0', '0.0.0.0', '10.0.0.1'),
    route('eth0', '10.0.0.0', '255.0.0.0'),
    route('eth1', '10.1.0.0', '255.255.0.0'),
    route('vpn0', '10.2.0.0', '255.255.0.0', '10.0.0.9'),
    route('a0', '192.168.0.0', '255.255.255.0'),
    route('b0', '192.168.0.0', '255.255.255.0'),
  ]
  test.each([
    { name: 'in one connected network', address: '10.9.9.9', gives: 'eth0' },
    { name: 'the longest prefix wins', address: '10.1.2.3', gives: 'eth1' },
    { name: 'a route through a gateway does not count', address: '10.2.0.1', gives: 'eth0' },
    {
      name: 'two interfaces in equal networks: none rather than the wrong one',
      address: '192.168.0.7',
      gives: undefined,
    },
    { name: 'in no connected network', address: '172.16.0.1', gives: undefined },
    { name: 'the highest bit set', address: '203.0.113.1', gives: undefined },
  ])('$name', ({ address, gives }) => {
    expect(interfaceOfIPv4(address, routes)).toBe(gives)
  })
})

test.each([
  { tree: 'x86-64', address: '192.0.2.2', gives: 'eth0' },
  { tree: 'x86-64', address: 'fd00::2', gives: 'eth0' },
  { tree: 'x86-64', address: '127.0.0.53', gives: 'lo' },
  { tree: 'armv7-board', address: '10.64.3.9', gives: 'wwan0' },
  { tree: 'container', address: '172.17.0.1', gives: 'docker0' },
  { tree: 'container', address: '2001:db8::5', gives: 'ens5' },
  { tree: 'least', address: '192.0.2.10', gives: undefined },
] as const)('$tree: $address is on $gives', ({ tree, address, gives }) => {
  expect(readLocalAddresses(openProcFs(recordedTree(tree)), () => {}).interfaceOf(address)).toBe(gives)
})

test('files that cannot be read are told, and cost the interface only', () => {
  const faults: unknown[] = []
  const { interfaceOf } = readLocalAddresses(openProcFs(recordedTree('least')), (error) => faults.push(error))
  expect(interfaceOf('192.0.2.10')).toBeUndefined()
  // No if_inet6 is what a kernel without IPv6 looks like.
  expect(faults.map(String)).toEqual(['ProcReadError: net/route: ENOENT'])
})

test('on this machine the files say the same as the kernel does', () => {
  const ofFiles = readLocalAddresses({ ...openProcFs(), ownAddresses: () => undefined }, () => {})
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { address } of addresses ?? [])
      expect(`${address} ${ofFiles.interfaceOf(address)}`).toBe(`${address} ${name}`)
  }
})

/** A network namespace of our own with three interfaces, where the kernel lets us make one. */
const namespace = (script: string) => spawnSync('unshare', ['-rn', 'sh', '-ec', script], { encoding: 'utf8' })
const canMakeNamespaces = namespace('ip link add bridge0 type bridge').status === 0

test.skipIf(!canMakeNamespaces)(
  'in another namespace: each address of three interfaces (skipped: no unshare -rn with ip)',
  async () => {
    const program = join(tmpdir(), `addresses-${process.pid}.mjs`)
    await build({
      stdin: {
        contents: `
        import { readLocalAddresses } from './src/procfs/local-addresses.ts'
        import { openProcFs } from './src/procfs/proc-fs.ts'
        const { interfaceOf } = readLocalAddresses({ ...openProcFs(), ownAddresses: () => undefined }, () => {})
        for (const address of process.argv.slice(2)) console.log(address, interfaceOf(address))`,
        resolveDir: process.cwd(),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
    })
    const { stdout, stderr } = namespace(`
    ip link set lo up
    for name in eth0 eth1 wg0; do ip link add $name type bridge; ip link set $name up; done
    ip addr add 10.0.0.5/8 dev eth0
    ip addr add 10.0.0.6/8 dev eth0
    ip addr add 10.7.0.1/16 dev eth1
    ip addr add 172.31.0.9/32 dev wg0
    ip -6 addr add 2001:db8::7/64 dev eth1 nodad
    ${process.execPath} ${program} 127.0.0.1 10.0.0.5 10.0.0.6 10.7.0.1 172.31.0.9 2001:db8::7 ::1`)
    writeFileSync(program, '')
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n')).toEqual([
      '127.0.0.1 lo',
      '10.0.0.5 eth0',
      '10.0.0.6 eth0',
      '10.7.0.1 eth1',
      '172.31.0.9 undefined',
      '2001:db8::7 eth1',
      '::1 lo',
    ])
  },
)
