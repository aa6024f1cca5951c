/**
 * What `defender local` prints: text for people, or each event as one JSON object a line for programs. What is only
 * about the run itself goes to standard error in the JSON form, so that standard output holds nothing but events.
 */
import type { ViewedEvent } from '../../src/local-core/page/viewed-event.ts'
import type { Heading, RunCounts } from './local.ts'

export interface LocalOutput {
  event(event: ViewedEvent): void
  end(counts: RunCounts): void
}

interface Streams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: { write(text: string): unknown }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Writes the heading at once. */
export const openLocalOutput = (
  format: 'text' | 'json',
  heading: Heading,
  streams: Streams,
): Promise<LocalOutput> => (format === 'json' ? openJson(heading, streams) : openText(heading, streams))

async function openJson({ pageUrl }: Heading, { stdout, stderr }: Streams): Promise<LocalOutput> {
  const { toJsonLine } = await import('../../src/local-core/page/event-json.ts')
  if (pageUrl !== undefined) stderr.write(`Live page: ${pageUrl}\n`)
  return {
    event: (event) => {
      stdout.write(`${toJsonLine(withoutView(event))}\n`)
    },
    end: () => {},
  }
}

async function openText(heading: Heading, { stdout, env }: Streams): Promise<LocalOutput> {
  const [{ createEventRenderer, renderEnd, renderHeading }, { loadTable }, { terminalStyle }] =
    await Promise.all([import('./local.ts'), import('./table.ts'), import('./terminal.ts')])
  const style = terminalStyle(stdout, env)
  const render = createEventRenderer(heading, style, await loadTable(style))
  stdout.write(`${renderHeading(heading, style)}\n`)
  return {
    event: (event) => {
      for (const line of render(event)) stdout.write(`${line}\n`)
    },
    end: (counts) => {
      stdout.write(`${renderEnd(counts)}\n`)
    },
  }
}

/** The event as the core gave it. A report's line begins with what a script looks at, in an order that holds. */
function withoutView(viewed: ViewedEvent): object {
  if (viewed.event === 'report') {
    const { event, status, reportId, bytes, at, view: _, ...rest } = viewed
    return { event, status, reportId, bytes, at, ...rest }
  }
  if (viewed.event === 'log' || viewed.event === 'message') {
    const { view: _, ...event } = viewed
    return event
  }
  return viewed
}
