/** A logger that keeps what it is told. */
import type { LogFields, Logger, LogLevel } from '../../src/log/logger.ts'

interface Entry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields | undefined
}

export function memoryLog(): Logger & { readonly entries: Entry[] } {
  const entries: Entry[] = []
  const write = (level: LogLevel) => (message: string, fields?: LogFields) => {
    entries.push({ level, message, fields })
  }
  return {
    entries,
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    setLevel: () => {},
  }
}
