/** A `/proc` made of files, with a socket table of any length: written piece by piece, for a million lines are 150 MB. */
import { closeSync, mkdirSync, mkdtempSync, openSync, statfsSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { netDev } from '../helpers/agent-tree.ts'
import { TCP_HEADER, table, tcpLine } from '../helpers/sockets.ts'

/** The kernel pads each line of `net/tcp` to so many bytes, the newline included (net/ipv4/tcp_ipv4.c, TMPSZ). */
const LINE_BYTES = 150
const PIECE_LINES = 4_096
/** Each line has a remote address of its own, and 24 bits of it are free. */
const LINES_MAX = 2 ** 24

/** Of a host, for `ProcPath`; below `folder`. Undefined when that has no room for it. The caller removes it. */
export function generateTree(folder: string, lines: number): string | undefined {
  if (lines > LINES_MAX) throw new Error(`${lines} lines are more than the ${LINES_MAX} that can differ`)
  const { bavail, bsize } = statfsSync(folder)
  // Half as much again must stay for others.
  if (lines * LINE_BYTES * 1.5 > bavail * bsize) return undefined
  const root = mkdtempSync(join(folder, 'tree-'))
  for (const [name, text] of Object.entries(shortFiles)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  writeTable(join(root, '1/net/tcp'), lines)
  return root
}

const shortFiles = {
  '1/net/tcp6': table([]),
  '1/net/udp': table([]),
  '1/net/udp6': table([]),
  '1/net/dev': netDev({
    eth0: { bytesIn: 1_000_000, packetsIn: 1_000, bytesOut: 1_000_000, packetsOut: 1_000 },
  }),
  '1/net/igmp':
    'Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n2\teth0      :     1      V3\n',
  '1/net/if_inet6': '',
  '1/net/fib_trie': 'Main:\n',
  '1/net/route': 'Iface\tDestination\n',
  'sys/kernel/random/boot_id': '6f1c2a5e-0b1d-4c5e-9a55-0d6c7f8a9b0c\n',
}

function writeTable(path: string, lines: number): void {
  const file = openSync(path, 'w')
  try {
    writeSync(file, `${TCP_HEADER}\n`)
    for (let first = 0; first < lines; first += PIECE_LINES) {
      const count = Math.min(PIECE_LINES, lines - first)
      const piece = Array.from({ length: count }, (_, index) => establishedLine(first + index))
      writeSync(file, `${piece.join('\n')}\n`)
    }
  } finally {
    closeSync(file)
  }
}

/** From 10.10.10.10 to a host that no other line has. */
const establishedLine = (index: number): string =>
  tcpLine(index, {
    local: `0A0A0A0A:${hex(1_024 + (index % 60_000), 4)}`,
    remote: `${hex(index, 6)}0B:${hex(443 + (index % 7), 4)}`,
  })

const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0')
