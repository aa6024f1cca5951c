import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConnectionTable } from '../../src/metrics/connections.ts'
import type { SocketRow } from '../../src/procfs/net-socket.ts'

interface Peer {
  readonly host: number
  readonly port: number
}

const socket = ({ host, port }: Peer): SocketRow => ({
  family: 4,
  state: 1,
  local: new Uint32Array([0, 0, 0, 0x0a000001]),
  localPort: 22,
  remote: new Uint32Array([0, 0, 0, 0xc0000200 + host]),
  remotePort: port,
})

function snapshot(table: ConnectionTable, peers: readonly Peer[]): string[] {
  table.begin()
  for (const peer of peers) table.add(socket(peer))
  const list = table.list(() => 'eth0')
  table.markReported()
  return list.map(({ remoteAddress, remotePort }) => `${remoteAddress.split('.')[3]}:${remotePort}`)
}

describe('order', () => {
  test('at first by address and port', () => {
    const table = new ConnectionTable(1, 10)
    expect(
      snapshot(table, [
        { host: 3, port: 9 },
        { host: 1, port: 9 },
        { host: 3, port: 8 },
      ]),
    ).toEqual(['1:9', '3:8', '3:9'])
  })

  test('then hosts never seen before, then the newest connections, then the old ones', () => {
    const table = new ConnectionTable(1, 10)
    const old = [
      { host: 1, port: 1 },
      { host: 2, port: 1 },
    ]
    snapshot(table, old)
    const second = [...old, { host: 1, port: 2 }]
    expect(snapshot(table, second)).toEqual(['1:2', '1:1', '2:1'])
    const third = [...second, { host: 2, port: 3 }, { host: 9, port: 5 }, { host: 9, port: 4 }]
    expect(snapshot(table, third)).toEqual(['9:4', '9:5', '2:3', '1:2', '1:1', '2:1'])
  })

  test('a connection that comes back is new, its host is not', () => {
    const table = new ConnectionTable(1, 10)
    const [back, stays] = [
      { host: 5, port: 1 },
      { host: 1, port: 1 },
    ]
    snapshot(table, [back, stays])
    snapshot(table, [stays])
    expect(snapshot(table, [back, stays, { host: 7, port: 1 }])).toEqual(['7:1', '5:1', '1:1'])
  })
})

test('a host is new until a report has told of it', () => {
  const table = new ConnectionTable(1, 10)
  snapshot(table, [{ host: 1, port: 1 }])
  for (const peers of [
    [
      { host: 1, port: 1 },
      { host: 9, port: 1 },
    ],
    [
      { host: 1, port: 1 },
      { host: 9, port: 1 },
      { host: 1, port: 2 },
    ],
  ]) {
    table.begin()
    for (const peer of peers) table.add(socket(peer))
  }
  const order = table
    .list(() => undefined)
    .map(({ remoteAddress, remotePort }) => `${remoteAddress}:${remotePort}`)
  expect(order).toEqual(['192.0.2.9:1', '192.0.2.1:2', '192.0.2.1:1'])
  expect(table.remoteHosts()).toEqual(['192.0.2.1', '192.0.2.9'])
})

test('what the kernel shows twice counts once', () => {
  const table = new ConnectionTable(1, 10)
  expect(
    snapshot(table, [
      { host: 1, port: 1 },
      { host: 1, port: 1 },
    ]),
  ).toEqual(['1:1'])
  expect(table.total).toBe(1)
})

test('the list ends at its bound with the same front, the total does not; the order of the lines changes nothing', () => {
  const peer = fc.record({ host: fc.integer({ min: 0, max: 30 }), port: fc.integer({ min: 1, max: 30 }) })
  const peers = fc.uniqueArray(peer, { selector: ({ host, port }) => host * 100 + port, maxLength: 150 })
  fc.assert(
    fc.property(
      fc.array(peers, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 40 }),
      (turns, listMax) => {
        const whole = new ConnectionTable(1, 1_000)
        const bounded = new ConnectionTable(2, listMax)
        for (const turn of turns) {
          const expected = snapshot(whole, turn)
          expect(snapshot(bounded, [...turn].reverse())).toEqual(expected.slice(0, listMax))
          expect(bounded.total).toBe(turn.length)
        }
      },
    ),
  )
})
