/** The floor: reads the files that one collection reads, and nothing else. What it takes is the kernel's own price. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

const network = ['tcp', 'tcp6', 'udp', 'udp6', 'dev', 'igmp', 'if_inet6']
const buffer = Buffer.allocUnsafeSlow(64 * 1024)

/** Answers how many bytes there were. A host's tree has its network files below process 1, as `src/procfs` reads it. */
export function floorOf(procPath: string): () => number {
  const folder = existsSync(join(procPath, '1/net/dev')) && procPath !== '/proc' ? '1/net' : 'net'
  const paths = [...network.map((name) => join(folder, name)), 'sys/kernel/random/boot_id']
  return () => paths.reduce((bytes, path) => bytes + readToEnd(join(procPath, path)), 0)
}

function readToEnd(path: string): number {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return 0 // no IPv6, for one
  }
  try {
    for (let bytes = 0; ; ) {
      const count = readSync(file, buffer, 0, buffer.length, null)
      if (count === 0) return bytes
      bytes += count
    }
  } finally {
    closeSync(file)
  }
}
