/** What an operator command prints and ends with, kept in memory: its own part of `OperatorIo`, for all of them the same. */
import { terminalStyle } from '../../scripts/render/terminal.ts'

export interface Run {
  readonly status: number | undefined
  readonly out: string
  readonly err: string
}

/** `seen` grows while the command runs; `writeErr` is for what commander itself says. */
export function recordOutput() {
  const seen = { status: undefined as number | undefined, out: '', err: '' }
  const writeErr = (text: string) => {
    seen.err += text
  }
  const io = {
    style: terminalStyle({}, {}),
    write: (text: string) => {
      seen.out += text
    },
    writeError: (line: string) => writeErr(`${line}\n`),
    exit: (status: number) => {
      seen.status = status
    },
    interruption: () => ({ signal: new AbortController().signal, stop: () => {} }),
  }
  return { seen: seen satisfies Run, io, writeErr }
}
