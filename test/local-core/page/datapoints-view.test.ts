import { describe, expect, it } from 'vitest'
import { viewDatapoints } from '../../../src/local-core/page/datapoints-view.ts'
import { createViewer } from '../../../src/local-core/page/viewed-event.ts'
import type { Datapoint } from '../../../src/metrics/datapoint.ts'
import { T0 } from './events.ts'

const count = (metric: string, value: number): Datapoint => ({ metric, value: { count: value } })
const traffic = [
  count('aws:all-bytes-in', 1),
  count('aws:all-bytes-out', 2),
  count('aws:all-packets-in', 3),
  count('aws:all-packets-out', 4),
]

describe('viewDatapoints', () => {
  it('leaves out what the interval has not', () => {
    expect(viewDatapoints([])).toEqual({ custom: [] })
    expect(viewDatapoints(traffic.slice(1))).toEqual({ custom: [] })
  })

  it('shows an interval as a report is shown', () => {
    const view = viewDatapoints([
      ...traffic,
      { metric: 'aws:listening-tcp-ports', value: { ports: [22, 8883] } },
      count('aws:num-listening-tcp-ports', 3),
      count('aws:num-listening-udp-ports', 0),
      { metric: 'aws:destination-ip-addresses', value: { cidrs: ['192.0.2.9', '192.0.2.1'] } },
      count('aws:num-established-tcp-connections', 7),
      { metric: 'users', value: { strings: ['root', '<b>'] } },
    ])
    const nothing = { remotePorts: [], localPorts: [], interfaces: [] }
    expect(view).toEqual({
      tcpPorts: { total: 3, entries: [{ port: 22 }, { port: 8883 }] },
      udpPorts: { total: 0, entries: [] },
      connections: {
        total: 7,
        hosts: [
          { address: '192.0.2.1', ...nothing },
          { address: '192.0.2.9', ...nothing },
        ],
      },
      traffic: { bytesIn: 1, bytesOut: 2, packetsIn: 3, packetsOut: 4 },
      custom: [{ name: 'users', values: ['root', '<b>'] }],
    })
  })

  it('marks a listener that a later interval has and the first had not', () => {
    const view = createViewer()
    const interval = (at: number, ...ports: number[]) =>
      view({ event: 'interval', at, datapoints: [{ metric: 'aws:listening-tcp-ports', value: { ports } }] })
    expect(interval(T0, 22).view.listeners).toEqual([{ protocol: 'tcp', port: 22, service: 'ssh' }])
    expect(interval(T0 + 1, 22, 4444).view.listeners[1]).toMatchObject({ port: 4444, newSince: T0 + 1 })
  })
})
