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

describe('what is remembered from cycle to cycle changes nothing but the order', () => {
  interface Line extends Peer {
    readonly family: 4 | 6
  }
  const line: fc.Arbitrary<Line> = fc.record({
    host: fc.integer({ min: 0, max: 12 }),
    port: fc.integer({ min: 1, max: 20 }),
    family: fc.constantFrom(4, 6),
  })
  const turn = fc.record({
    gone: fc.array(fc.nat(), { maxLength: 60 }),
    come: fc.array(fc.record({ at: fc.nat(), line }), { maxLength: 120 }),
    isReport: fc.boolean(),
    isHandedOver: fc.boolean(),
  })
  const keyOf = ({ family, host, port }: Line) => `${family} ${host} ${port}`
  const rowOf = (each: Line): SocketRow => ({
    ...socket(each),
    family: each.family,
    remote:
      each.family === 4
        ? new Uint32Array([0, 0, 0, 0xc0000200 + each.host])
        : new Uint32Array([0x20010db8, 0, 0, 1 + each.host]),
  })
  const addressOf = ({ family, host }: Line) =>
    family === 4 ? `192.0.2.${host}` : `2001:db8::${(1 + host).toString(16)}`

  /** The order as the module states it, from maps and plain sorting. */
  class Model {
    #cycle = 0
    #reported = 0
    #listed = 0
    readonly #connections = new Map<string, { first: number; last: number }>()
    readonly #hosts = new Map<string, number>()

    snapshot(lines: readonly Line[], isListed: boolean) {
      this.#cycle += 1
      if (isListed) this.#listed = this.#cycle
      const unique = [...new Map(lines.map((each) => [keyOf(each), each])).values()]
      const ranked = unique.map((each) => {
        const known = this.#connections.get(keyOf(each))
        const first = known?.last === this.#cycle - 1 ? known.first : this.#cycle
        this.#connections.set(keyOf(each), { first, last: this.#cycle })
        const hostFirst = this.#hosts.get(addressOf(each)) ?? this.#cycle
        this.#hosts.set(addressOf(each), hostFirst)
        return { each, rank: [hostFirst > this.#reported ? 0 : 1, -first, each.family, each.host, each.port] }
      })
      ranked.sort((left, right) => {
        const column = left.rank.findIndex((value, index) => value !== right.rank[index])
        return column === -1 ? 0 : (left.rank[column] ?? 0) - (right.rank[column] ?? 0)
      })
      return {
        order: ranked.map(({ each }) => `${addressOf(each)} ${each.port}`),
        hosts: [...new Set(unique.map(addressOf))].sort(),
      }
    }

    markReported() {
      this.#reported = this.#listed
    }
  }

  test('as plain maps and sorting give it: lines come, go, come back and change places, in reports and samples', () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 10 }), fc.integer({ min: 0, max: 90 }), (turns, listMax) => {
        const table = new ConnectionTable(3, listMax)
        const model = new Model()
        let lines: Line[] = []
        for (const { gone, come, isReport, isHandedOver } of turns) {
          lines = [...lines]
          for (const at of gone) lines.splice(at % (lines.length + 1), 1)
          for (const { at, line: each } of come) lines.splice(at % (lines.length + 1), 0, each)
          table.begin(isReport)
          for (const each of lines) table.add(rowOf(each))
          const expected = model.snapshot(lines, isReport)
          expect(table.remoteHosts().sort()).toEqual(expected.hosts)
          expect(table.total).toBe(expected.order.length)
          if (!isReport) continue
          const list = table.list(() => 'eth0')
          expect(list.map(({ remoteAddress, remotePort }) => `${remoteAddress} ${remotePort}`)).toEqual(
            expected.order.slice(0, listMax),
          )
          if (isHandedOver) {
            table.markReported()
            model.markReported()
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})

test('hosts forgotten for their number are new again, those still there are not', () => {
  const table = new ConnectionTable(1, 3)
  const peer = (host: number) => socket({ host, port: 443 })
  const addresses = (...hosts: number[]) =>
    hosts.map((host) => [24, 16, 8, 0].map((shift) => ((0xc0000200 + host) >>> shift) & 255).join('.'))
  const cycle = (from: number, to: number, ...others: number[]) => {
    table.begin()
    for (let host = from; host < to; host += 1) table.add(peer(host))
    for (const host of others) table.add(peer(host))
    const list = table.list(() => undefined)
    table.markReported()
    // The texts are remembered, under numbers that have changed when hosts were forgotten.
    expect(table.remoteHosts().slice(0, 3)).toEqual(addresses(from, from + 1, from + 2))
    return list.map(({ remoteAddress }) => remoteAddress)
  }
  cycle(0, 40_000)
  // 80,000 hosts by now; the first 15,000 have gone.
  expect(cycle(15_000, 80_000)).toEqual(addresses(40_000, 40_001, 40_002))
  expect(cycle(15_000, 80_000, 7)).toEqual(addresses(7, 40_000, 40_001))
  expect(cycle(15_000, 80_000, 7)).toEqual(addresses(7, 40_000, 40_001))
  expect(cycle(15_000, 80_000, 7, 90_000)).toEqual(addresses(90_000, 7, 40_000))
})

test('each connection has the interface of its own local address, whatever its neighbour in the list has', () => {
  const table = new ConnectionTable(1, 10)
  table.begin()
  for (const [port, local] of [0x0a000001, 0x0a000001, 0x0a000002, 0, 0x0a000001].entries()) {
    table.add({ ...socket({ host: 1, port: port + 1 }), local: new Uint32Array([0, 0, 0, local]) })
  }
  // The same words as 0.0.0.0, which is another address.
  table.add({ ...socket({ host: 1, port: 4 }), family: 6, local: new Uint32Array(4) })
  const names: Record<string, string> = { '10.0.0.1': 'eth0', '10.0.0.2': 'eth1', '::': 'six' }
  const asked: string[] = []
  const list = table.list((address) => {
    asked.push(address)
    return names[address]
  })
  expect(list.map(({ remotePort, localInterface }) => `${remotePort} ${localInterface}`)).toEqual([
    '1 eth0',
    '2 eth0',
    '3 eth1',
    '4 undefined',
    '5 eth0',
    '4 six',
  ])
  expect(asked).toEqual(['10.0.0.1', '10.0.0.2', '0.0.0.0', '10.0.0.1', '::'])
  expect(list[3]).not.toHaveProperty('localInterface')
})
