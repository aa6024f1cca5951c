/**
 * Real loopback connections, held by child processes: each is two lines of `net/tcp`. How many there can be is the
 * machine's decision (open files, ports, memory), and it says so.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** Connections that one child holds, both ends: below the usual limits of open files, and of ports for one address. */
const CONNECTIONS_A_CHILD = 5_000

/** What a machine has without doing anything; more changes the figures. */
const OTHERS_MAX = 50

/**
 * Opens connections to a listener of its own, says so, and holds them until its input ends. They end with a reset: after
 * a proper end one side of each would stay for a minute as TIME_WAIT (RFC 9293, 3.6), a line in whatever is measured next.
 */
const HOLDER = `
const net = require('node:net')
const [host, count] = [process.argv[1], Number(process.argv[2])]
const held = []
const fail = (error) => { process.stderr.write(String(error?.message ?? error)); process.exit(1) }
process.on('uncaughtException', fail).on('unhandledRejection', fail)
let closing = false
const quietly = (socket) => socket.on('error', (error) => closing || fail(error))
const server = net.createServer((socket) => quietly(socket)).listen({ host, port: 0, backlog: 1024 }, async () => {
  const { port } = server.address()
  for (let opened = 0; opened < count; opened += 200) {
    const batch = Array.from({ length: Math.min(200, count - opened) }, () => new Promise((resolve) => {
      const socket = net.connect({ host, port }, resolve)
      quietly(socket)
      held.push(socket)
    }))
    await Promise.all(batch)
  }
  process.stdout.write('ready')
})
process.stdin.resume().on('end', () => {
  closing = true
  for (const socket of held) socket.resetAndDestroy()
  setImmediate(() => process.exit())
})
`

export class SocketHolders {
  /** 127.0.0.0/8 is all loopback; a part of it for this process, so that nobody else's sockets are there. */
  readonly network = `127.${64 + ((process.pid >> 8) & 63)}.${process.pid & 255}`
  readonly #children: ChildProcess[] = []
  #connections = 0

  /** A note when sockets of others would be measured too. */
  static othersNote(): string[] {
    const others = readFileSync('/proc/net/tcp', 'latin1').split('\n').length - 2
    return others > OTHERS_MAX
      ? [`${others} lines are of other programs on this machine, and come on top`]
      : []
  }

  /** Sees to it that at least so many lines are there. Answers why not, if not. */
  async hold(lines: number): Promise<string | undefined> {
    for (let left = Math.ceil(lines / 2) - this.#connections; left > 0; ) {
      const count = Math.min(left, CONNECTIONS_A_CHILD)
      const problem = await this.#holdMore(count)
      if (problem !== undefined) return problem
      this.#connections += count
      left -= count
    }
    return undefined
  }

  /** Resolves when none of the connections is left. */
  async release(): Promise<void> {
    await Promise.all(
      this.#children.splice(0).map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const exited = once(child, 'exit')
        child.stdin?.end()
        await exited
      }),
    )
    this.#connections = 0
  }

  async #holdMore(count: number): Promise<string | undefined> {
    // A listener with an address of its own has all ports to be connected from.
    const host = `${this.network}.${this.#children.length + 2}`
    const child = spawn('/bin/sh', [
      '-c',
      'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"',
      process.execPath,
      '-e',
      HOLDER,
      host,
      String(count),
    ])
    this.#children.push(child)
    child.stdin?.on('error', () => {}) // ended before it was told to: its exit says so
    let problem = ''
    child.stderr?.on('data', (text) => {
      problem += text
    })
    const [outcome] = await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data'),
      once(child, 'exit'),
    ])
    return String(outcome) === 'ready'
      ? undefined
      : problem || `the process that holds them ended: ${outcome}`
  }
}
