/** A recorded `/proc` of a host, copied so that a test can change it while an agent reads it. */
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cleanup } from './agent.ts'
import { recordedTree, type recordedTrees } from './proc.ts'

export interface AgentTree {
  /** For `ProcPath`. */
  readonly path: string
  /** Replaces a file in one step, as a reader of the kernel's files sees them. */
  write(file: string, text: string): void
}

export function copiedTree(cleanup: Cleanup, name: (typeof recordedTrees)[number] = 'container'): AgentTree {
  const path = mkdtempSync(join(tmpdir(), 'tree-'))
  cleanup.onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  cpSync(recordedTree(name), path, { recursive: true })
  return {
    path,
    write: (file, text) => {
      const whole = join(path, file)
      writeFileSync(`${whole}.new`, text)
      renameSync(`${whole}.new`, whole)
    },
  }
}

export interface Traffic {
  readonly bytesIn: number
  readonly packetsIn: number
  readonly bytesOut: number
  readonly packetsOut: number
}

/** `net/dev` with these counters, in the kernel's 16 columns (proc_pid_net(5)). */
export function netDev(interfaces: Readonly<Record<string, Traffic>>): string {
  const rows = Object.entries(interfaces).map(
    ([name, { bytesIn, packetsIn, bytesOut, packetsOut }]) =>
      `${name}: ${bytesIn} ${packetsIn} 0 0 0 0 0 0 ${bytesOut} ${packetsOut} 0 0 0 0 0 0`,
  )
  return ['Inter-|   Receive |  Transmit', ' face |bytes |bytes', ...rows, ''].join('\n')
}
