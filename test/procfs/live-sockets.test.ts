/** Real sockets of this test, opened in every way that matters, found again in this machine's `/proc`. */
import { spawnSync } from 'node:child_process'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { Collector } from '../../src/metrics/collector.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'

const open: { close(): unknown }[] = []
afterAll(() => {
  for (const socket of open) socket.close()
})

async function listenTcp(host: string, ipv6Only = false): Promise<number> {
  const server: Server = createServer((socket) => open.push({ close: () => socket.destroy() }))
  server.listen({ host, port: 0, ipv6Only })
  await once(server, 'listening')
  open.push(server)
  return (server.address() as AddressInfo).port
}

async function bindUdp(type: 'udp4' | 'udp6', address: string): Promise<UdpSocket> {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' })
  socket.bind(0, address)
  await once(socket, 'listening')
  open.push(socket)
  return socket
}

async function connectTcp(host: string, port: number): Promise<Socket> {
  const socket = connect(port, host)
  await once(socket, 'connect')
  open.push({ close: () => socket.destroy() })
  return socket
}

const collect = (includeLoopback: boolean) =>
  new Collector(openProcFs(), {
    includeLoopback,
    builtInMetrics: [],
    connectionsMax: 1_000_000, // whatever else this machine is connected to
    seed: 1,
    monotonicMs: () => performance.now(),
  }).collect()

test('listeners and connections of every kind', async () => {
  const tcp = {
    wildcard4: await listenTcp('0.0.0.0'),
    wildcard6: await listenTcp('::', true),
    bound4: await listenTcp('127.0.0.1'),
    bound6: await listenTcp('::1'),
    dual: await listenTcp('::'),
  }
  const udp = {
    wildcard4: (await bindUdp('udp4', '0.0.0.0')).address().port,
    wildcard6: (await bindUdp('udp6', '::')).address().port,
    bound4: (await bindUdp('udp4', '127.0.0.1')).address().port,
    bound6: (await bindUdp('udp6', '::1')).address().port,
  }
  const client = await bindUdp('udp4', '127.0.0.1')
  client.connect(udp.bound4, '127.0.0.1')
  await once(client, 'connect')
  const connections = [
    { socket: await connectTcp('127.0.0.1', tcp.bound4), remoteAddress: '127.0.0.1', remotePort: tcp.bound4 },
    { socket: await connectTcp('::1', tcp.bound6), remoteAddress: '::1', remotePort: tcp.bound6 },
    { socket: await connectTcp('127.0.0.1', tcp.dual), remoteAddress: '127.0.0.1', remotePort: tcp.dual },
  ]

  const snapshot = collect(true)
  expect(snapshot.parts.filter(({ error }) => error !== undefined)).toEqual([])
  const interfacesOf = (ports: readonly { port: number; interface?: string }[] | undefined, port: number) =>
    ports?.filter((entry) => entry.port === port).map((entry) => entry.interface)
  const tcpPorts = snapshot.listeningTcpPorts?.ports
  expect(interfacesOf(tcpPorts, tcp.wildcard4)).toEqual(['0.0.0.0'])
  expect(interfacesOf(tcpPorts, tcp.wildcard6)).toEqual(['::'])
  expect(interfacesOf(tcpPorts, tcp.bound4)).toEqual(['lo'])
  expect(interfacesOf(tcpPorts, tcp.bound6)).toEqual(['lo'])
  expect(interfacesOf(tcpPorts, tcp.dual)).toEqual(['::'])
  const udpPorts = snapshot.listeningUdpPorts?.ports
  expect(interfacesOf(udpPorts, udp.wildcard4)).toEqual(['0.0.0.0'])
  expect(interfacesOf(udpPorts, udp.wildcard6)).toEqual(['::'])
  expect(interfacesOf(udpPorts, udp.bound4)).toEqual(['lo'])
  expect(interfacesOf(udpPorts, udp.bound6)).toEqual(['lo'])
  expect(interfacesOf(udpPorts, client.address().port)).toEqual([])

  const listed = snapshot.establishedConnections?.connections ?? []
  for (const { socket, remoteAddress, remotePort } of connections) {
    const { localPort } = socket
    expect(
      listed.filter((entry) => entry.localPort === localPort && entry.remotePort === remotePort),
    ).toEqual([{ remoteAddress, remotePort, localPort, localInterface: 'lo' }])
    // The server's end of the same connection; of an IPv6 socket that speaks IPv4 too.
    expect(
      listed.filter((entry) => entry.localPort === remotePort && entry.remotePort === localPort),
    ).toHaveLength(1)
  }

  const withoutLoopback = collect(false).establishedConnections?.connections ?? []
  expect(
    withoutLoopback.filter(
      ({ remoteAddress }) => remoteAddress.startsWith('127.') || remoteAddress === '::1',
    ),
  ).toEqual([])
})

const ss = spawnSync('ss', ['-Htln'], { encoding: 'utf8' })

test.skipIf(ss.status !== 0)('the same listening TCP ports as ss lists (skipped: no ss)', async () => {
  await listenTcp('0.0.0.0')
  await listenTcp('::1')
  const portsOfSs = () =>
    new Set(
      spawnSync('ss', ['-Htln'], { encoding: 'utf8' })
        .stdout.trim()
        .split('\n')
        .map((line) => Number(line.trim().split(/\s+/)[3]?.split(':').at(-1))),
    )
  const before = portsOfSs()
  const ours = new Set(collect(false).listeningTcpPorts?.ports.map(({ port }) => port))
  const after = portsOfSs()
  // Other programs come and go in between: what both readings of ss have, we must have.
  for (const port of before) if (after.has(port)) expect(ours).toContain(port)
  for (const port of ours) expect(before.has(port) || after.has(port)).toBe(true)
})
