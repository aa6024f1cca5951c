/** What the terminal can do, and text made safe for it. */
import pc from 'picocolors'

export interface TerminalStyle {
  readonly colors: ReturnType<typeof pc.createColors>
  /** Columns to fill at most. */
  readonly width: number
  /** Local time of day, `12:00:05`. */
  readonly timeOfDay: (at: number) => string
}

/** What a stream needs to say about itself. */
interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Width where there is no terminal: what a log or a mail shows without wrapping. */
const WIDTH_DEFAULT = 80

/** Colours on a terminal only, and never with NO_COLOR set (no-color.org) or on a terminal that has none. */
export function terminalStyle(
  stream: Stream,
  env: Readonly<Record<string, string | undefined>>,
): TerminalStyle {
  const isColored = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  return {
    colors: pc.createColors(isColored),
    width: (stream.isTTY === true && stream.columns) || WIDTH_DEFAULT,
    timeOfDay: (at) => new Date(at).toTimeString().slice(0, 8),
  }
}

/**
 * Text that came from elsewhere, without what would move the cursor, recolour the screen or hide other text: control
 * characters (ECMA-48, C0 and C1) and Unicode's directional overrides become `�`.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')

/** At most `max` characters, the last being `…` where something was cut. */
export const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, Math.max(max - 1, 0))}…`
