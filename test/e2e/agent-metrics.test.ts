/** Metrics of this machine: sockets that the test opens, and custom metrics from its files and programs. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { type Cleanup, startAgent } from '../helpers/agent.ts'
import { copiedTree } from '../helpers/agent-tree.ts'
import { slowness } from '../helpers/artifact.ts'

vi.setConfig({ testTimeout: 40_000 * slowness })

const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
)

async function listenTcp(cleanup: Cleanup, host: string): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})))
  server.listen({ host, port: 0, ipv6Only: host === '::' })
  await once(server, 'listening')
  cleanup.onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function bindUdp(cleanup: Cleanup, host: string): Promise<number> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', ipv6Only: host === '::' })
  socket.bind(0, host)
  await once(socket, 'listening')
  cleanup.onTestFinished(() => void socket.close())
  return socket.address().port
}

async function connectTcp(cleanup: Cleanup, host: string, port: number): Promise<number> {
  const socket = connect(port, host)
  await once(socket, 'connect')
  cleanup.onTestFinished(() => void socket.destroy())
  return (socket.address() as AddressInfo).port
}

interface Ports {
  readonly ports?: readonly { readonly port: number; readonly interface?: string }[]
  readonly total: number
}

interface Report {
  readonly metrics: {
    readonly listening_tcp_ports: Ports
    readonly listening_udp_ports: Ports
    readonly tcp_connections: {
      readonly established_connections: {
        readonly connections: readonly {
          readonly remote_addr: string
          readonly local_port: number
          readonly local_interface?: string
        }[]
      }
    }
  }
  readonly custom_metrics?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
}

const addresses = [
  { host: '0.0.0.0', name: '0.0.0.0' },
  { host: '127.0.0.1', name: 'lo' },
  ...(hasIPv6
    ? [
        { host: '::', name: '::' },
        { host: '::1', name: 'lo' },
      ]
    : []),
]

test.concurrent('sockets opened while the agent runs are in an accepted report', async (context) => {
  const agent = await startAgent(context, {
    mode: 'classic',
    configuration: { IncludeLoopback: true, ProcPath: '/proc' },
  })
  await agent.nextReport()
  const tcp = await Promise.all(
    addresses.map(async ({ host, name }) => ({ port: await listenTcp(context, host), interface: name })),
  )
  const udp = await Promise.all(
    addresses.map(async ({ host, name }) => ({ port: await bindUdp(context, host), interface: name })),
  )
  const connections = await Promise.all(
    addresses.flatMap(({ host }, index) => {
      const remote = host.replace('0.0.0.0', '127.0.0.1').replace(/^::$/, '::1')
      const port = tcp[index]?.port ?? 0
      return connectTcp(context, remote, port).then((localPort) => ({
        remote_addr: `${remote.includes(':') ? `[${remote}]` : remote}:${port}`,
        local_port: localPort,
        local_interface: 'lo',
      }))
    }),
  )
  const ports = (report: unknown) => (report as Report).metrics.listening_tcp_ports.ports ?? []
  await agent.reportWhere('report with the sockets', ({ report }) =>
    ports(report).some(({ port }) => port === tcp[0]?.port),
  )
  // The first one that has any may have been taken between two of them.
  const { status, report } = await agent.nextReport()
  expect(status).toBe('ACCEPTED')
  const { metrics } = report as Report
  expect(metrics.listening_tcp_ports.ports).toEqual(expect.arrayContaining(tcp))
  expect(metrics.listening_udp_ports.ports).toEqual(expect.arrayContaining(udp))
  expect(metrics.tcp_connections.established_connections.connections).toEqual(
    expect.arrayContaining(connections),
  )
  // A port of this test is there once for each address that it was opened on, and TCP's are not among UDP's.
  for (const { port } of tcp) {
    expect(metrics.listening_tcp_ports.ports?.filter((entry) => entry.port === port)).toHaveLength(1)
  }
})

describe.concurrent('custom metrics', () => {
  function files(cleanup: Cleanup, contents: Readonly<Record<string, string>>): (name: string) => string {
    const directory = mkdtempSync(join(tmpdir(), 'custom-'))
    cleanup.onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    for (const [name, content] of Object.entries(contents)) {
      writeFileSync(join(directory, name), content)
      chmodSync(join(directory, name), 0o755)
    }
    return (name) => join(directory, name)
  }

  test.for(['classic', 'lite'] as const)(
    'on %s: measured, from files, from programs',
    async (mode, context) => {
      const path = files(context, {
        temperature: '41.5\n',
        'battery.json': '{"cells": [{"volts": 3.71}, {"volts": 3.69}]}',
        units: '#!/bin/sh\nfor unit; do echo "$unit"; done\n',
        'peers.json': '{"vpn": ["192.0.2.1", "2001:db8::1"]}',
      })
      const agent = await startAgent(context, {
        mode,
        configuration: {
          CustomMetrics: {
            memory_usage: true,
            cpu_usage: true,
            process_count: false,
            temperature: { Type: 'number', File: path('temperature') },
            second_cell: { Type: 'number', File: path('battery.json'), JsonPointer: '/cells/1/volts' },
            failed_units: { Type: 'string-list', Program: [path('units'), 'ssh.service', 'a/b'] },
            peers: { Type: 'ip-address-list', File: path('peers.json'), JsonPointer: '/vpn' },
          },
        },
      })
      // CPU usage is between two snapshots, so that the self-check has made the first report complete.
      const { status, report } = await agent.nextReport()
      expect(status).toBe('ACCEPTED')
      const { memory_usage, cpu_usage, ...rest } = (report as Report).custom_metrics ?? {}
      for (const value of [memory_usage, cpu_usage]) {
        expect(value).toEqual([{ number: expect.any(Number) }])
        expect(value?.[0]?.number).toBeGreaterThanOrEqual(0)
        expect(value?.[0]?.number).toBeLessThanOrEqual(100)
      }
      expect(rest).toEqual({
        temperature: [{ number: 41.5 }],
        second_cell: [{ number: 3.69 }],
        failed_units: [{ string_list: ['ssh.service', 'a/b'] }],
        peers: [{ ip_list: ['192.0.2.1', '2001:db8::1'] }],
      })
    },
  )

  test('one that fails is left out with one line of the log; the report goes; it comes back', async (context) => {
    const path = files(context, { fails: '#!/bin/sh\necho "no sensor" >&2\nexit 3\n', good: '7' })
    const tree = copiedTree(context)
    const agent = await startAgent(context, {
      mode: 'classic',
      configuration: {
        ProcPath: tree.path,
        CustomMetrics: {
          broken: { Type: 'number', Program: [path('fails')] },
          slow: { Type: 'number', Program: ['/bin/sleep', '60'], TimeoutSeconds: 0.1 },
          missing: { Type: 'number', File: path('no-such-file') },
          good: { Type: 'number', File: path('good') },
        },
      },
    })
    for (let count = 0; count < 2; count += 1) {
      const { status, report } = await agent.nextReport()
      expect(status).toBe('ACCEPTED')
      expect((report as Report).custom_metrics).toEqual({ good: [{ number: 7 }] })
      expect((report as Report).metrics.listening_tcp_ports.total).toBe(3)
    }
    const left = agent.log.filter(({ message }) => message === 'custom metric left out')
    expect(left.map(({ metric }) => metric).toSorted()).toEqual(['broken', 'missing', 'slow'])
    expect(left.find(({ metric }) => metric === 'broken')).toMatchObject({
      level: 'warn',
      error: { code: 'failed', message: expect.stringMatching(/exit code 3: no sensor/) },
    })
    expect(left.find(({ metric }) => metric === 'slow')).toMatchObject({ error: { code: 'timeout' } })

    writeFileSync(path('no-such-file'), '-1')
    await agent.reportWhere('the metric that is back', ({ report }) =>
      Object.hasOwn((report as Report).custom_metrics ?? {}, 'missing'),
    )
    await agent.logWhere(
      'that it is back',
      ({ level, message }) => level === 'info' && /missing/.test(message),
    )
  })
})
