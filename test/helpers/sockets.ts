/** Lines of the kernel's socket tables, for tests and benchmarks. */

interface SocketLine {
  readonly local: string
  readonly remote?: string
  /** Hexadecimal, as the kernel writes it: `0A` listen, `01` established, `07` unconnected. */
  readonly state?: string
}

/** One line of `net/tcp` or `net/tcp6`; `local` and `remote` are `HEXADDRESS:HEXPORT` as the kernel writes them. */
export function tcpLine(index: number, { local, remote, state = '01' }: SocketLine): string {
  const peer = remote ?? `${'0'.repeat(local.indexOf(':'))}:0000`
  const sl = String(index).padStart(4)
  const line = `${sl}: ${local} ${peer} ${state} 00000000:00000000 00:00000000 00000000     0        0 4242 1 00000000b8c78b66 100 0 0 10 0`
  return local.length === 13 ? line.padEnd(149) : line
}

export const TCP_HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'.padEnd(
    149,
  )

export const table = (lines: readonly string[]): string => [TCP_HEADER, ...lines, ''].join('\n')

/** `count` established IPv4 connections, each with another peer. */
export function generatedTable(count: number): string {
  const hex = (value: number, width: number) => value.toString(16).toUpperCase().padStart(width, '0')
  const lines = Array.from({ length: count }, (_, index) =>
    tcpLine(index, {
      local: `0A0A0A0A:${hex(1024 + (index % 60_000), 4)}`,
      remote: `${hex(index + 1, 6)}0B:${hex(443 + (index % 7), 4)}`,
    }),
  )
  return table(lines)
}
