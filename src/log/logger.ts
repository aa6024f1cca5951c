/**
 * The agent's log: one JSON object a line on standard output, where the nucleus picks it up. Quiet when all is well.
 * Errors among the fields are written as their message and code, with the stack at level `debug` only.
 */
import { createLogger as createWinston, format, transports } from 'winston'

export const logLevels = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  setLevel(level: LogLevel): void
}

/** As `format.timestamp()`, without the package that formats dates and that winston's own would load for it. */
const timestamp = format((info) => {
  info.timestamp = new Date().toISOString()
  return info
})

export function createLogger(level: LogLevel): Logger {
  const console = new transports.Console({ forceConsole: false })
  const winston = createWinston({
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    level,
    format: format.combine(timestamp(), format.json({ replacer, deterministic: false })),
    transports: [console],
  })
  const write =
    (at: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      const own = { level: at, message }
      // Twice: first in the line, and last so that a field of that name cannot take their place.
      winston.log({ ...own, ...fields, ...own })
    }
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    setLevel: (next) => {
      winston.level = next
    },
  }

  function replacer(_key: string, value: unknown): unknown {
    if (typeof value === 'bigint') return value.toString()
    if (!(value instanceof Error)) return value
    const code = 'code' in value ? { code: value.code } : {}
    return { message: value.message, ...code, ...(winston.level === 'debug' ? { stack: value.stack } : {}) }
  }
}
