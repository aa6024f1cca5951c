import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { Collector } from '../../src/metrics/collector.ts'
import { builtInMetrics } from '../../src/metrics/custom.ts'
import { openProcFs } from '../../src/procfs/proc-fs.ts'
import { buildReport } from '../../src/report/report.ts'
import { recordedTree, recordedTrees, writeTree } from '../helpers/proc.ts'

function collector(procPath: string, includeLoopback = false) {
  return new Collector(openProcFs(procPath), {
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
