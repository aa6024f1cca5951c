import { describe, expect, it } from 'vitest'
import { createEventRenderer, renderEnd, renderHeading } from '../../../scripts/render/local.ts'
import { loadTable } from '../../../scripts/render/table.ts'
import { type TerminalStyle, terminalStyle } from '../../../scripts/render/terminal.ts'
import type { LocalCoreEvent } from '../../../src/local-core/events.ts'
import { createViewer } from '../../../src/local-core/page/viewed-event.ts'
import {
  exfiltration,
  listeningEvent,
  rejectedEvent,
  reportEvent,
  T0,
  violationEvent,
} from '../../local-core/page/events.ts'

const plain = (width = 80): TerminalStyle => ({
  ...terminalStyle({}, {}),
  width,
  timeOfDay: (at) => new Date(at).toISOString().slice(11, 19),
})

async function render(events: LocalCoreEvent[], style = plain()): Promise<string> {
  const view = createViewer()
  const lines = createEventRenderer({ mode: 'classic' }, style, await loadTable(style))
  return events.flatMap((event) => lines(view(event))).join('\n')
}

const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

describe('renderHeading', () => {
  const heading = { thingName: 'gateway', mode: 'lite', pace: 'every 10 s' } as const

  it('says who, where and how often', () => {
    const text = renderHeading({ ...heading, pageUrl: 'http://127.0.0.1:8642/' }, plain())
    expect(text).toMatchInlineSnapshot(`
      "greengrass-defender
        Thing      gateway
        Nucleus    lite, an embedded stand-in; no AWS account is involved
        Reports    every 10 s, until Ctrl-C
        Live page  http://127.0.0.1:8642/
      "
    `)
  })

  it('mentions no page when there is none, and the end when it is known', () => {
    const text = renderHeading({ ...heading, forSeconds: 30 }, plain())
    expect(text).not.toContain('Live page')
    expect(text).toContain('every 10 s, for 30 s')
  })
})

describe('events', () => {
  it('shows the first accepted report in full, and what to type next', async () => {
    const text = await render([reportEvent()])
    expect(widest(text)).toBeLessThanOrEqual(80)
    expect(text).toMatchInlineSnapshot(`
      "12:00:00  ACCEPTED 1795521600000  tcp 5  udp 1  conn 9  in 12.3 kB  out 4.5 kB

      6 listeners (3 listed in the report)
        Port  Proto  Interface  Usually
          22  tcp    0.0.0.0    ssh
        5353  udp    eth0       mdns
        8883  tcp               mqtts

      9 established connections (3 listed in the report), by remote host
        Remote host  Count  Remote ports  Local ports
        192.0.2.7        2  443           51000, +1
        2001:db8::7      1  8883          40000

      Custom metrics
        Metric     Value
        cpu_usage  12.5
        peers      192.0.2.1, 192.0.2.2

      What to type next
        npx defender attack listener-4444
            in another terminal: opens a port, harmlessly, and raises an alarm here
        npx defender attack --list
            the other attacks; each raises its own alarm
        ss -tulpn
            compare: what the system itself says is listening
        npx defender local --state ./state
            its history and alarms stay, for violations, history, backtest
        npx defender sample
            print one report of this machine, without any core
        npx defender local --mode lite
            the same on a Greengrass nucleus lite
        npx defender local --output json
            every event as one JSON object a line
      "
    `)
  })

  it('gives each later report one line', async () => {
    const later = reportEvent({ at: T0 + 10_000, reportId: T0 + 10_000 })
    expect((await render([reportEvent(), later])).split('\n').at(-1)).toMatchInlineSnapshot(
      `"12:00:10  ACCEPTED 1795521610000  tcp 5  udp 1  conn 9  in 12.3 kB  out 4.5 kB"`,
    )
  })

  it('has room for whole words on a wide terminal', async () => {
    const [first] = (await render([reportEvent()], plain(120))).split('\n')
    expect(widest(String(first))).toBeLessThanOrEqual(120)
    expect(first).toMatchInlineSnapshot(
      `"12:00:00  ACCEPTED  report 1795521600000  1,234 bytes  listening tcp 5 udp 1  connections 9  in 12.3 kB out 4.5 kB"`,
    )
  })

  it('waits for an accepted report, and tells why others were not', async () => {
    const silent = reportEvent({ status: 'SILENT' })
    const { reply: _, ...unanswered } = silent
    expect(await render([rejectedEvent(), unanswered as LocalCoreEvent])).toMatchInlineSnapshot(`
      "12:00:00  REJECTED 1795521600000  tcp 5  udp 1  conn 9  in 12.3 kB  out 4.5 kB
      12:00:00  InvalidPayload: Malformed metrics report
      12:00:00  NO REPLY 1795521600000  tcp 5  udp 1  conn 9  in 12.3 kB  out 4.5 kB"
    `)
  })

  it('tells what was found wrong with a report, and not more than helps', async () => {
    const remarks = Array.from({ length: 9 }, (_, i) => `metrics.ports[${i}]: must be above 0`)
    const lines = (await render([rejectedEvent({ remarks })])).split('\n')
    expect(lines.slice(1)).toEqual([
      '12:00:00  InvalidPayload: Malformed metrics report',
      ...remarks.slice(0, 5).map((remark) => `12:00:00  ${remark}`),
      '12:00:00  … and 4 more',
    ])
  })

  it('names a listener that is new', async () => {
    const text = await render([listeningEvent(T0, 22), listeningEvent(T0 + 10_000, 22, 23)])
    expect(text.split('\n').slice(-2).join('\n')).toMatchInlineSnapshot(`
      "12:00:10  ACCEPTED 1795521610000  tcp 2
      12:00:10  new listener: tcp port 23 on lo, usually telnet"
    `)
  })

  it('says that nothing listens and nothing is connected', async () => {
    const text = await render([listeningEvent(T0)])
    expect(text).toContain('\nNothing listens.\n')
    expect(text).toContain('\nNo established connections.\n')
  })

  it('keeps a report of thousands short, at 80 columns', async () => {
    const connections = Array.from({ length: 3000 }, (_, i) => ({
      remote_addr: `[2001:db8:1111:2222:3333:4444:5555:${(i + 4096).toString(16)}]:65535`,
      local_port: 65_535,
    }))
    const ports = connections.map((_, i) => ({ port: i + 1, interface: 'a-long-interface' }))
    const event = reportEvent({
      report: {
        metrics: {
          listening_tcp_ports: { ports, total: 3000 },
          tcp_connections: { established_connections: { connections, total: 100_000 } },
        },
      },
    })
    const text = await render([event])
    expect(text).toContain('100,000 established connections (3,000 listed in the report), by remote host')
    expect(text.match(/… and 2980 more/g)).toHaveLength(2)
    expect(widest(text)).toBeLessThanOrEqual(80)
    expect(text.split('\n').length).toBeLessThan(70)
  })

  const others: { name: string; event: LocalCoreEvent; text: string }[] = [
    {
      name: 'a state',
      event: { event: 'component', at: T0, state: 'RUNNING', pid: 7 },
      text: '12:00:00  component RUNNING',
    },
    {
      name: 'a state with its reason',
      event: { event: 'component', at: T0, state: 'BROKEN', reason: 'three strikes' },
      text: '12:00:00  component BROKEN: three strikes',
    },
    {
      name: 'a warning',
      event: { event: 'log', at: T0, stream: 'stdout', line: '{"level":"warn","message":"slow","ms":7}' },
      text: '12:00:00  warn: slow {"ms":7}',
    },
    {
      name: 'what is quiet',
      event: { event: 'log', at: T0, stream: 'stdout', line: '{"level":"info","message":"m"}' },
      text: '',
    },
    {
      name: 'what was denied',
      event: { event: 'denied', at: T0, operation: 'PublishToIoTCore', resource: 'a/b' },
      text: '12:00:00  denied by the recipe: PublishToIoTCore on a/b',
    },
    {
      name: 'a fault',
      event: { event: 'fault', at: T0, fault: 'offline' },
      text: '12:00:00  fault on demand: offline',
    },
    {
      name: 'other messages not at all',
      event: { event: 'message', at: T0, via: 'local', topic: 't', bytes: 1, payload: {} },
      text: '',
    },
  ]
  it.each(others)('shows $name', async ({ event, text }) => {
    expect(await render([event])).toBe(text)
  })
})

describe('alarms', () => {
  const raised = violationEvent()
  const byCloud = violationEvent({ via: 'iot-core', at: T0 + 500 })
  const cleared = violationEvent({ type: 'alarm-cleared', at: T0 + 12_000 })

  it('are one line each, at once, by whatever way they come first', async () => {
    expect(await render([raised, byCloud, cleared])).toMatchInlineSnapshot(`
      "12:00:00  ALARM    BackdoorPort  port 4444
      12:00:12  CLEARED  BackdoorPort  after 12 s"
    `)
    expect(await render([byCloud, raised])).toBe('12:00:00  ALARM    BackdoorPort  port 4444')
  })

  const owned = (processes: object[]) => violationEvent({ evidence: { processes } })
  const custom = (strings: string[], offendersTotal?: number) =>
    violationEvent({
      behavior: { name: 'Units', metric: 'failed_units', criteria: { comparisonOperator: 'not-in-set' } },
      metricValue: { strings },
      evidence: { offendersTotal },
    })
  const cases: { name: string; event: LocalCoreEvent; text: string }[] = [
    {
      name: 'how much of what was sent',
      event: violationEvent(exfiltration),
      text: 'Exfiltration  52.4 MB in 300 s, normal is less-than 50.0 MB',
    },
    {
      name: 'the percentile that it was compared with',
      event: violationEvent({
        ...exfiltration,
        behavior: {
          name: 'Odd',
          metric: 'aws:all-packets-out',
          criteria: { comparisonOperator: 'less-than', statisticalThreshold: { statistic: 'p99' } },
        },
      }),
      text: 'Odd  52,400,000, normal is less-than 50,000,000 (p99)',
    },
    {
      name: 'the process',
      event: owned([{ pid: 7, executable: '/usr/bin/nc' }]),
      text: 'BackdoorPort  port 4444  (process /usr/bin/nc, pid 7)',
    },
    {
      name: 'a process in a container',
      event: owned([{ pid: 7, executable: 'nc', containerId: '0123456789abcdef' }]),
      text: 'BackdoorPort  port 4444  (process nc, pid 7, container 0123456789ab)',
    },
    {
      name: 'the end of a long path',
      event: owned([{ pid: 7, executable: `/opt/${'x'.repeat(40)}/bin/node` }]),
      text: `BackdoorPort  port 4444  (process …${'x'.repeat(22)}/bin/node, pid 7)`,
    },
    {
      name: 'why the process is not known',
      event: owned([{ unknown: 'permission denied' }]),
      text: 'BackdoorPort  port 4444  (process unknown: permission denied)',
    },
    {
      name: 'the first of many offenders',
      event: custom(['a', 'b', 'c', 'd', 'e'], 1205),
      text: 'Units  elements a, b, c, d, +1,201',
    },
    { name: 'a lone one', event: custom(['ssh']), text: 'Units  element ssh' },
  ]
  it.each(cases)('tell $name', async ({ event, text }) => {
    expect(await render([event])).toBe(`12:00:00  ALARM    ${text}`)
  })

  it('tell why one was taken back', async () => {
    const evidence = { kind: 'invalidation', reason: 'behavior-removed', since: T0 }
    const gone = violationEvent({ type: 'alarm-invalidated', at: T0 + 200_000, evidence })
    expect((await render([raised, gone])).split('\n')[1]).toBe(
      '12:03:20  INVALID  BackdoorPort  behavior-removed after 3 min 20 s',
    )
  })

  it('that a former run raised are cleared without a time', async () => {
    expect(await render([cleared])).toBe('12:00:12  CLEARED  BackdoorPort')
  })

  it('stand out on a terminal', async () => {
    const style = { ...terminalStyle({ isTTY: true }, {}), timeOfDay: () => '12:00:00' }
    const { red, bold } = style.colors
    expect(await render([raised], style)).toContain(red(`${bold('ALARM    BackdoorPort')}  port 4444`))
  })
})

describe('hostile text', () => {
  const attack = '\u001b[2J\u001b]0;owned\u0007\r\u009b31m\u202egnp.exe'

  it('cannot steer the terminal', async () => {
    const events: LocalCoreEvent[] = [
      { event: 'component', at: T0, state: 'ERRORED', reason: attack },
      { event: 'log', at: T0, stream: 'stderr', line: attack },
      { event: 'denied', at: T0, operation: attack, resource: attack },
      rejectedEvent({
        reply: {
          thingName: attack,
          status: 'REJECTED',
          statusDetails: { ErrorCode: attack, ErrorMessage: attack },
          timestamp: T0,
        },
      }),
      listeningEvent(T0),
      reportEvent({
        at: T0 + 1,
        report: { metrics: { listening_tcp_ports: { ports: [{ port: 1, interface: attack }] } } },
      }),
      violationEvent({
        behavior: { name: attack, metric: attack, criteria: { comparisonOperator: attack } },
        metricValue: { strings: [attack] },
        evidence: { processes: [{ pid: 1, executable: attack, containerId: attack }] },
      }),
      reportEvent({ at: T0 + 2, report: { custom_metrics: { [attack]: [{ string_list: [attack] }] } } }),
    ]
    const text = await render(events)
    expect(text).toContain('gnp.exe')
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
  })

  it('cannot hide in the first report’s tables', async () => {
    const report = {
      metrics: {
        listening_tcp_ports: { ports: [{ port: 1, interface: attack }] },
        tcp_connections: { established_connections: { connections: [{ remote_addr: attack }] } },
      },
      custom_metrics: { [attack]: [{ string_list: [attack] }] },
    }
    const text = await render([reportEvent({ report })])
    expect(text).toContain('Custom metrics')
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
  })

  it('is cut where it is long', async () => {
    const text = await render([{ event: 'log', at: T0, stream: 'stderr', line: 'x'.repeat(100_000) }])
    expect(text.length).toBeLessThan(450)
  })
})

describe('terminalStyle', () => {
  const cases = [
    { name: 'no terminal', stream: {}, env: {}, colored: false, width: 80 },
    {
      name: 'a terminal',
      stream: { isTTY: true, columns: 132 },
      env: { TERM: 'xterm' },
      colored: true,
      width: 132,
    },
    {
      name: 'NO_COLOR',
      stream: { isTTY: true, columns: 100 },
      env: { NO_COLOR: '1' },
      colored: false,
      width: 100,
    },
    { name: 'NO_COLOR empty', stream: { isTTY: true }, env: { NO_COLOR: '' }, colored: true, width: 80 },
    { name: 'a dumb terminal', stream: { isTTY: true }, env: { TERM: 'dumb' }, colored: false, width: 80 },
    { name: 'CI, which is no terminal', stream: {}, env: { CI: 'true' }, colored: false, width: 80 },
  ]
  it.each(cases)('$name', ({ stream, env, colored, width }) => {
    const style = terminalStyle(stream, env)
    expect([style.colors.red('x') !== 'x', style.width]).toEqual([colored, width])
  })
})

describe('renderEnd', () => {
  const counts = { accepted: 1, rejected: 2, silent: 0, alarms: 0 }
  it.each([
    { alarms: 0, text: 'Stopped. 1 report accepted, 2 rejected, 0 unanswered.' },
    { alarms: 1, text: 'Stopped. 1 report accepted, 2 rejected, 0 unanswered. 1 alarm raised.' },
    { alarms: 7, text: 'Stopped. 1 report accepted, 2 rejected, 0 unanswered. 7 alarms raised.' },
  ])('counts, $alarms alarms', ({ alarms, text }) => {
    expect(renderEnd({ ...counts, alarms })).toBe(text)
  })
})
