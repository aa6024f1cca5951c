/**
 * A line that the component wrote, as a level and a message. The component logs JSON objects, one a line, with `level`
 * and `message`; anything else (a shell's complaint, a stack trace of Node's own) is shown as it is.
 */
export interface LogView {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly message: string
  /** The other members of the log object, JSON; absent when there are none. */
  readonly detail?: string
}

const LEVELS: readonly unknown[] = ['error', 'warn', 'info', 'debug'] satisfies LogView['level'][]

/** `stderr` decides the level only where the line itself does not say one: a program complains there. */
export function viewLogLine(line: string, stream: 'stdout' | 'stderr'): LogView {
  const object = parseObject(line)
  if (object === undefined || typeof object.message !== 'string') {
    return { level: stream === 'stderr' ? 'warn' : 'info', message: line }
  }
  const { level, message, timestamp: _shownElsewhere, ...rest } = object
  return {
    level: LEVELS.includes(level) ? (level as LogView['level']) : 'info',
    message: message as string,
    ...(Object.keys(rest).length > 0 && { detail: JSON.stringify(rest) }),
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
