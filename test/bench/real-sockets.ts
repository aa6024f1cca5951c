/**
 * Collection from this machine's `/proc` with real loopback connections, held by child processes. Each connection is two
 * lines of `net/tcp`. How many there can be is the machine's decision: the table ends where it refuses.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFloor } from './floor.ts'
import { cpuMs, measure, number, printTable } from './measure.ts'
import { collectorOf } from './subject.ts'

const LINES = [0, 100, 1_000, 10_000, 50_000]
/** Connections that one child holds, both ends: below the usual limit of open files, and of ports for one address. */
const CONNECTIONS_A_CHILD = 5_000

/** Opens `count` connections to a listener of its own on `host`, says so, and holds them until its input ends. */
const HOLDER = `
const net = require('node:net')
const [host, count] = [process.argv[1], Number(process.argv[2])]
const held = []
const server = net.createServer((socket) => held.push(socket)).listen({ host, port: 0, backlog: 1024 }, async () => {
  const { port } = server.address()
  for (let opened = 0; opened < count; opened += 200) {
    const batch = Array.from({ length: Math.min(200, count - opened) }, () => new Promise((resolve, reject) => {
      const socket = net.connect({ host, port }, resolve)
      socket.on('error', reject)
      held.push(socket)
    }))
    await Promise.all(batch)
  }
  process.stdout.write('ready')
})
process.stdin.resume().on('end', () => process.exit())
process.on('uncaughtException', (error) => { process.stderr.write(error.message); process.exit(1) })
process.on('unhandledRejection', (error) => { process.stderr.write(String(error.message)); process.exit(1) })
`

export async function benchRealSockets(): Promise<void> {
  const holders: ChildProcess[] = []
  const rows: string[][] = []
  let held = 0
  try {
    for (const lines of LINES) {
      const missing = Math.ceil(lines / 2) - held
      const problem = await hold(holders, missing)
      if (problem !== undefined) {
        process.stdout.write(`\nskipped: ${lines} lines of real sockets: ${problem}\n`)
        break
      }
      held += Math.max(0, missing)
      rows.push(row(lines))
    }
  } finally {
    for (const holder of holders) holder.kill('SIGKILL')
  }
  printTable(
    'Collection from /proc with real loopback connections, warm CPU time (report: with the list of connections; sample: without)',
    [
      'lines',
      'floor ms',
      'report ms',
      'min-max',
      'report / floor',
      'sample ms',
      'sample / floor',
      'first ms',
      'first / floor',
    ],
    rows,
  )
}

async function hold(holders: ChildProcess[], connections: number): Promise<string | undefined> {
  for (let left = connections; left > 0; left -= CONNECTIONS_A_CHILD) {
    const count = Math.min(left, CONNECTIONS_A_CHILD)
    const host = `127.0.0.${holders.length + 2}`
    const child = spawn('sh', [
      '-c',
      'ulimit -n $(ulimit -Hn); exec "$0" "$@"',
      process.execPath,
      '-e',
      HOLDER,
      host,
      String(count),
    ])
    holders.push(child)
    let problem = ''
    child.stderr?.on('data', (text) => {
      problem += text
    })
    const [outcome] = await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data'),
      once(child, 'exit'),
    ])
    if (String(outcome) !== 'ready') return problem || `the holder ended with ${outcome}`
  }
  return undefined
}

function row(lines: number): string[] {
  const collector = collectorOf('/proc')
  const firstMs = cpuMs(() => collector.collect())
  const floor = measure(() => readFloor('/proc'))
  const ours = measure(() => collector.collect('report'))
  const sample = measure(() => collector.collect('sample'))
  return [
    String(lines),
    number(floor.medianMs),
    number(ours.medianMs),
    `${number(ours.minMs)}-${number(ours.maxMs)}`,
    number(ours.medianMs / floor.medianMs),
    number(sample.medianMs),
    number(sample.medianMs / floor.medianMs),
    number(firstMs),
    number(firstMs / floor.medianMs),
  ]
}
