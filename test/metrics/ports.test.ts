import { expect, test } from 'vitest'
import { ListenerTable } from '../../src/metrics/ports.ts'
import type { SocketRow } from '../../src/procfs/net-socket.ts'

const names: Record<number, string> = { 167772161: 'eth0', 2130706433: 'lo' }
const listener = (address: number, localPort: number, family: 4 | 6 = 4): SocketRow => ({
  family,
  state: 10,
  local: new Uint32Array([0, 0, 0, address]),
  localPort,
  remote: new Uint32Array(4),
  remotePort: 0,
})

function snapshot(table: ListenerTable, sockets: readonly SocketRow[]): string[] {
  table.begin()
  for (const socket of sockets)
    table.add(
      socket,
      (address) =>
        names[
          Number.parseInt(
            address
              .split('.')
              .map((part) => Number(part).toString(16).padStart(2, '0'))
              .join(''),
            16,
          )
        ],
    )
  return table.list().map(({ port, interface: name }) => `${port} ${name ?? '-'}`)
}

test('one entry per port and interface, wildcards under their own address', () => {
  const table = new ListenerTable()
  const sockets = [
    listener(0, 22),
    listener(0, 22),
    listener(0, 22, 6),
    listener(0x7f000001, 22),
    listener(0x0a000001, 22),
    listener(0x0a000063, 80),
  ]
  expect(snapshot(table, sockets)).toEqual(['22 0.0.0.0', '22 ::', '22 eth0', '22 lo', '80 -'])
  expect(table.total).toBe(5)
})

test('a port never seen before comes first, one that was closed is new again', () => {
  const table = new ListenerTable()
  snapshot(table, [listener(0, 22), listener(0, 80)])
  expect(snapshot(table, [listener(0, 80), listener(0, 4444)])).toEqual(['4444 0.0.0.0', '80 0.0.0.0'])
  expect(snapshot(table, [listener(0, 22), listener(0, 80), listener(0, 4444)])).toEqual([
    '22 0.0.0.0',
    '4444 0.0.0.0',
    '80 0.0.0.0',
  ])
})
