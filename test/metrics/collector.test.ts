import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { Collector } from '../../src/metrics/collector.ts'
import { builtInMetrics } from '../../src/metrics/custom.ts'
import { openProcFs, type ProcFs } from '../../src/procfs/proc-fs.ts'
import { buildReport } from '../../src/report/report.ts'
import { recordedTree, recordedTrees, writeTree } from '../helpers/proc.ts'
import { table, tcpLine } from '../helpers/sockets.ts'

const collector = (procPath: string, includeLoopback = false) =>
  collectorOf(openProcFs(procPath), includeLoopback)

function collectorOf(proc: ProcFs, includeLoopback = false) {
  return new Collector(proc, {
    includeLoopback,
    builtInMetrics,
    connectionsMax: 1_000,
    seed: 1,
    monotonicMs: () => 0,
  })
}

describe('recorded trees', () => {
  test.each(recordedTrees)('%s gives its golden report', async (name) => {
    const { builtIn, listeningTcpPorts, listeningUdpPorts, establishedConnections } = collector(
      recordedTree(name),
    ).collect()
    const metrics = {
      ...(listeningTcpPorts && { listeningTcpPorts }),
      ...(listeningUdpPorts && { listeningUdpPorts }),
      ...(establishedConnections && { establishedConnections }),
      custom: new Map(
        [...builtIn].map(([metric, number]) => [metric as string, { type: 'number' as const, number }]),
      ),
    }
    const report = buildReport({ reportId: 1, metrics }, 'long')
    await expect(`${JSON.stringify(report, undefined, 2)}\n`).toMatchFileSnapshot(
      `../fixtures/reports/trees/${name}.json`,
    )
  })
})

describe('tables that change from one reading to the next', () => {
  const hex = (value: number, width: number) => value.toString(16).toUpperCase().padStart(width, '0')
  const line = fc
    .record({
      peer: fc.integer({ min: 0, max: 15 }),
      peerPort: fc.integer({ min: 1, max: 5 }),
      port: fc.integer({ min: 20, max: 24 }),
      state: fc.constantFrom('01', '01', '01', '0A', '06', '07'),
      isLoopback: fc.boolean(),
      isIPv6: fc.boolean(),
    })
    .map(({ peer, peerPort, port, state, isLoopback, isIPv6 }) => {
      const address = isLoopback ? `${hex(peer, 2)}00007F` : `${hex(peer, 2)}0200C0`
      const mapped = isIPv6 ? `${'0'.repeat(16)}FFFF0000` : ''
      const local = `${mapped}0100000A:${hex(port, 4)}`
      return { isIPv6, text: tcpLine(0, { local, remote: `${mapped}${address}:${hex(peerPort, 4)}`, state }) }
    })
  const turn = fc.record({
    gone: fc.array(fc.nat(), { maxLength: 30 }),
    come: fc.array(fc.record({ at: fc.nat(), line }), { maxLength: 60 }),
    /** Bytes that are missing at the end of the IPv4 table. */
    cut: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 })),
    purpose: fc.constantFrom('report' as const, 'sample' as const),
  })

  /** All of a snapshot that does not depend on what was there before. */
  const contentOf = (subject: Collector, purpose: 'report' | 'sample') => {
    const { parts, remoteHosts, establishedConnections, listeningTcpPorts, establishedCount } =
      subject.collect(purpose)
    const sorted = (list: readonly unknown[] | undefined) => list?.map((each) => JSON.stringify(each)).sort()
    return {
      establishedCount,
      remoteHosts: sorted(remoteHosts),
      total: establishedConnections?.total,
      connections: sorted(establishedConnections?.connections),
      listeners: sorted(listeningTcpPorts?.ports),
      faults: parts.map(({ lineFaults }) => lineFaults),
    }
  }

  test('one that remembers tells the same sockets as one that begins', () => {
    const root = writeTree({ 'net/tcp': '', 'net/tcp6': '', 'net/udp': '', 'net/dev': '' })
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 6 }), fc.boolean(), (turns, includeLoopback) => {
        const subject = collector(root, includeLoopback)
        let lines: { readonly isIPv6: boolean; readonly text: string }[] = []
        for (const { gone, come, cut, purpose } of turns) {
          lines = [...lines]
          for (const at of gone) lines.splice(at % (lines.length + 1), 1)
          for (const { at, line: each } of come) lines.splice(at % (lines.length + 1), 0, each)
          const textOf = (isIPv6: boolean) =>
            table(lines.filter((each) => each.isIPv6 === isIPv6).map(({ text }) => text))
          const tcp = textOf(false)
          writeFileSync(join(root, 'net/tcp'), tcp.slice(0, Math.max(0, tcp.length - cut)))
          writeFileSync(join(root, 'net/tcp6'), textOf(true))
          expect(contentOf(subject, purpose)).toEqual(contentOf(collector(root, includeLoopback), purpose))
          subject.markReported()
        }
      }),
      { numRuns: 60 },
    )
    rmSync(root, { recursive: true })
  })
})

describe('parts fail by themselves', () => {
  const files = {
    'net/tcp': 'header\n',
    'net/udp': 'header\n',
    'net/dev': 'a\nb\n',
    stat: 'cpu 1 2 3 4\n',
    meminfo: 'MemTotal: 4 kB\nMemAvailable: 1 kB\n',
    uptime: '1.00 1.00\n',
    loadavg: '0.50 0.00 0.00 1/1 1\n',
  }
  const trees: string[] = []
  afterEach(() => {
    for (const root of trees.splice(0)) rmSync(root, { recursive: true })
  })
  const tree = (content: Record<string, string>) => {
    const root = writeTree(content)
    trees.push(root)
    return root
  }

  test.each([
    { file: 'net/tcp', part: 'tcp', absent: 'listeningTcpPorts' },
    { file: 'net/udp', part: 'udp', absent: 'listeningUdpPorts' },
    { file: 'net/dev', part: 'counters', absent: 'counters' },
  ] as const)('without $file the snapshot lacks $absent and nothing else', ({ file, part, absent }) => {
    const root = tree(files)
    rmSync(join(root, file))
    const snapshot = collector(root).collect()
    const present = ['listeningTcpPorts', 'listeningUdpPorts', 'counters'].filter((key) => key in snapshot)
    expect(present).toEqual(
      ['listeningTcpPorts', 'listeningUdpPorts', 'counters'].filter((key) => key !== absent),
    )
    expect(snapshot.parts.filter(({ error }) => error !== undefined).map((outcome) => outcome.part)).toEqual([
      part,
    ])
  })

  test('CPU usage needs two snapshots', () => {
    const root = tree(files)
    const subject = collector(root)
    expect(subject.collect().builtIn.has('cpu_usage')).toBe(false)
    writeFileSync(join(root, 'stat'), 'cpu 31 2 3 74\n')
    expect(subject.collect().builtIn.get('cpu_usage')).toBe(30)
    // A counter that went back (a guest that was moved): no value rather than a wrong one.
    writeFileSync(join(root, 'stat'), 'cpu 1 2 3 4\n')
    expect(subject.collect().builtIn.has('cpu_usage')).toBe(false)
  })

  test('an empty list is not an absent one', () => {
    expect(collector(tree(files)).collect().listeningTcpPorts).toEqual({ total: 0, ports: [] })
  })

  test('what an address is on is read when asked for, once for both protocols, and anew for each snapshot', () => {
    const wildcard = tcpLine(0, { local: '00000000:0016', state: '0A' })
    const udp = tcpLine(0, { local: '0100000A:0035', state: '07' })
    const root = tree({ ...files, 'net/tcp': table([wildcard]) })
    let reads = 0
    const interfaces = new Map([['10.0.0.1', 'eth0']])
    const subject = collectorOf({
      ...openProcFs(root),
      ownAddresses: () => {
        reads += 1
        return new Map(interfaces)
      },
    })
    expect(subject.collect().listeningTcpPorts?.ports).toEqual([{ port: 22, interface: '0.0.0.0' }])
    expect(reads).toBe(0)
    writeFileSync(join(root, 'net/tcp'), table([tcpLine(0, { local: '0100000A:0016', state: '0A' })]))
    writeFileSync(join(root, 'net/udp'), table([udp]))
    const both = subject.collect()
    expect([both.listeningTcpPorts?.ports, both.listeningUdpPorts?.ports]).toEqual([
      [{ port: 22, interface: 'eth0' }],
      [{ port: 53, interface: 'eth0' }],
    ])
    expect(reads).toBe(1)
    interfaces.set('10.0.0.1', 'eth1')
    expect(subject.collect().listeningTcpPorts?.ports).toEqual([{ port: 22, interface: 'eth1' }])
    expect(reads).toBe(2)
  })

  test.each([
    { name: 'the same before and after', after: '2\teth0      :     1      V3\n', gives: 2 },
    { name: 'another text, the same index', after: '2\teth0      :     9      V3\n', gives: 2 },
    { name: 'made anew between the readings', after: '3\teth0      :     1      V3\n', gives: undefined },
    { name: 'gone in between', after: '', gives: undefined },
  ])('index of an interface: $name', ({ after, gives }) => {
    const counters = '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'
    const proc = openProcFs(tree({ ...files, 'net/dev': `a\nb\neth0: ${counters}\n` }))
    const texts = ['2\teth0      :     1      V3\n', after]
    const subject = collectorOf({
      ...proc,
      readText: (path) => (path === 'net/igmp' ? (texts.shift() ?? '') : proc.readText(path)),
    })
    expect(subject.collect().counters?.interfaces.map(({ name, index }) => ({ name, index }))).toEqual([
      { name: 'eth0', index: gives },
    ])
  })

  test('any bytes in every file: a snapshot, always', () => {
    const root = tree(files)
    const subject = collector(root)
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(files)),
        fc.uint8Array({ maxLength: 400 }),
        (file, bytes) => {
          writeFileSync(join(root, file), bytes)
          expect(subject.collect().parts).toHaveLength(3 + builtInMetrics.length)
        },
      ),
    )
  })
})
