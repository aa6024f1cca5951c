import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { ViolationEvent } from '../../src/detect/violation.ts'
import { attributeProcesses } from '../../src/monitor/attribution.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'

function event(port: number, more: Partial<ViolationEvent> = {}): ViolationEvent {
  return {
    violationEventTime: 1,
    thingName: 'thing',
    behavior: { name: 'ports', metric: 'aws:listening-tcp-ports' },
    violationEventType: 'in-alarm',
    metricValue: { ports: [port] },
    violationId: 'a',
    securityProfileName: 'profile',
    evidence: {
      kind: 'list',
      early: true,
      observed: [port],
      observedTotal: 1,
      offendersTotal: 1,
      firstSeen: [],
    },
    ...more,
  }
}

const attribute = (...events: ViolationEvent[]) =>
  attributeProcesses(openProcFs(), events, () => performance.now())

test('an unexpected listener of this process is named; of a closed port it is said that there is none', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [open, closed] = attribute(event(port), event(1))
  server.close()
  expect(open?.evidence).toMatchObject({
    processes: [{ element: port, pid: process.pid, executable: process.execPath }],
  })
  expect(closed?.evidence).toMatchObject({ processes: [{ element: 1, unknown: 'no such socket' }] })
})

test('cleared alarms and numbers are left alone', () => {
  const cleared = event(1, { violationEventType: 'alarm-cleared' })
  const number = event(1, {
    metricValue: { count: 5 },
    evidence: {
      kind: 'window',
      early: false,
      value: 5,
      threshold: 4,
      coveredSeconds: 300,
      intervals: [],
      intervalsTotal: 0,
    },
  })
  expect(attribute(cleared, number)).toEqual([cleared, number])
})
