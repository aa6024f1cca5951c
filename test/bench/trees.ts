/**
 * Collection from generated trees, files on a disk in memory: shows what a line costs us and what memory grows. The
 * floor is far below the kernel's price for a real `/proc`, so the ratio says little here; see `real-sockets.ts`.
 */
import { rmSync } from 'node:fs'
import { writeTree } from '../helpers/proc.ts'
import { generatedTable } from '../helpers/sockets.ts'
import { readFloor } from './floor.ts'
import { measure, number, printTable, residentMB } from './measure.ts'
import { collectorOf } from './subject.ts'

const LINES = [0, 1_000, 10_000, 50_000]

export function benchTrees(): void {
  const rows = LINES.map((lines) => {
    const root = writeTree({
      'net/tcp': generatedTable(lines),
      'net/udp': 'header\n',
      'net/dev': 'header\nheader\n',
    })
    const collector = collectorOf(root)
    collector.collect()
    const before = residentMB()
    const floor = measure(() => readFloor(root))
    const ours = measure(() => collector.collect())
    const grownMB = residentMB() - before
    rmSync(root, { recursive: true })
    const perLineNs = lines === 0 ? '' : number(((ours.medianMs - floor.medianMs) * 1e6) / lines, 0)
    return [
      String(lines),
      number(floor.medianMs),
      number(ours.medianMs),
      `${number(ours.minMs)}-${number(ours.maxMs)}`,
      perLineNs,
      number(grownMB, 1),
    ]
  })
  printTable(
    'Collection from generated trees, warm, CPU time',
    ['lines', 'floor ms', 'ours ms', 'min-max', 'ns a line above floor', 'resident growth MB'],
    rows,
  )
}
