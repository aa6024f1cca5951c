/**
 * What `defender local` writes for people: a heading, one line for each thing that happens, the first accepted report
 * in full, and what to type next.
 */
import { nextSteps } from '../../src/local-core/page/next-steps.ts'
import type { ReportEventView, ViewedEvent, ViewedReport } from '../../src/local-core/page/viewed-event.ts'
import { alarmLine } from './local-alarm.ts'
import { formatBytes, formatCount, formatPorts, plural } from './numbers.ts'
import type { DrawTable } from './table.ts'
import { cut, printable, type TerminalStyle } from './terminal.ts'

export interface Heading {
  readonly thingName: string
  readonly mode: 'classic' | 'lite'
  /** How often, in words: `every 10 s`. */
  readonly pace: string
  readonly forSeconds?: number
  /** The live page's address; absent when there is none. */
  readonly pageUrl?: string
  /** Where the component's state stays after the run; absent where it is gone with it. */
  readonly stateDirectory?: string
}

/** From this width on a report's line has room for its size and for whole words. */
const WIDE = 112
/** Rows of the first report's tables; the page and `--output json` have them all. */
const ROWS_MAX = 20
/** Faults named of one report. */
const REMARKS_MAX = 5
/** A component's log line, and a rejection's text: enough to act on, not a page. */
const MESSAGE_CHARACTERS_MAX = 400

export function renderHeading(heading: Heading, { colors }: TerminalStyle): string {
  const { thingName, mode, pace, forSeconds, pageUrl, stateDirectory } = heading
  const until = forSeconds === undefined ? 'until Ctrl-C' : `for ${forSeconds} s`
  const rows = [
    ['Thing', thingName],
    ['Nucleus', `${mode}, an embedded stand-in; no AWS account is involved`],
    ['Reports', printable(`${pace}, ${until}`)],
    ...(stateDirectory === undefined ? [] : [['State', printable(stateDirectory)]]),
    ...(pageUrl === undefined ? [] : [['Live page', colors.cyan(pageUrl)]]),
  ]
  const lines = rows.map(([name, value]) => `  ${name?.padEnd(11)}${value}`)
  return [colors.bold('greengrass-defender'), ...lines, ''].join('\n')
}

export interface RunCounts {
  readonly accepted: number
  readonly rejected: number
  readonly silent: number
  readonly alarms: number
}

export function renderEnd({ accepted, rejected, silent, alarms }: RunCounts): string {
  const raised = alarms === 0 ? '' : ` ${plural(alarms, 'alarm')} raised.`
  return `Stopped. ${plural(accepted, 'report')} accepted, ${rejected} rejected, ${silent} unanswered.${raised}`
}

/** The lines for one event; none for what only the page and the JSON output show. */
type RenderEvent = (event: ViewedEvent) => readonly string[]

export function createEventRenderer(
  heading: Pick<Heading, 'mode' | 'stateDirectory'>,
  style: TerminalStyle,
  drawTable: DrawTable,
): RenderEvent {
  let isFirst = true
  return (event) => {
    if (event.event !== 'report') return otherLines(event, style)
    const lines = reportLines(event, style)
    if (!isFirst || event.status !== 'ACCEPTED') return lines
    isFirst = false
    return [...lines, ...reportInFull(event.view, style, drawTable), ...steps(heading, style)]
  }
}

function reportLines(event: ViewedReport, style: TerminalStyle): string[] {
  const { colors } = style
  const isWide = style.width >= WIDE
  const parts = [
    `${statusWord(event.status, style)}${isWide ? '  report' : ''} ${event.reportId ?? 'without id'}`,
    ...(isWide ? [`${formatCount(event.bytes)} bytes`] : []),
    ...figures(event.view, isWide),
  ]
  const fresh = event.view.listeners.filter(({ newSince }) => newSince === event.at)
  return [
    stamped(event.at, parts.join('  '), style),
    ...verdict(event, style),
    ...fresh.map(({ protocol, port, interface: name, service }) => {
      const where = `${protocol} port ${port}${name === undefined ? '' : ` on ${printable(name)}`}`
      const usually = service === undefined ? '' : `, usually ${service}`
      return stamped(event.at, colors.yellow(`new listener: ${where}${usually}`), style)
    }),
  ]
}

function statusWord(status: ViewedReport['status'], { colors }: TerminalStyle): string {
  if (status === 'ACCEPTED') return colors.green(status)
  return status === 'REJECTED' ? colors.red(status) : colors.yellow('NO REPLY')
}

/** What the report does not have is not mentioned. */
function figures({ tcpPorts, udpPorts, connections, traffic }: ReportEventView, isWide: boolean): string[] {
  const figure = (name: string, total: number | undefined): string[] =>
    total === undefined ? [] : [`${name} ${formatCount(total)}`]
  const listening = [...figure('tcp', tcpPorts?.total), ...figure('udp', udpPorts?.total)]
  const inAndOut =
    traffic === undefined
      ? []
      : [`in ${formatBytes(traffic.bytesIn)}`, `out ${formatBytes(traffic.bytesOut)}`]
  return isWide
    ? [
        ...(listening.length > 0 ? [`listening ${listening.join(' ')}`] : []),
        ...figure('connections', connections?.total),
        ...(inAndOut.length > 0 ? [inAndOut.join(' ')] : []),
      ]
    : [...listening, ...figure('conn', connections?.total), ...inAndOut]
}

/** Why the service rejected it, in its own words, then what its stand-in found. */
function verdict({ at, reply, remarks = [] }: ViewedReport, style: TerminalStyle): string[] {
  const line = (text: string): string =>
    stamped(at, style.colors.red(cut(printable(text), MESSAGE_CHARACTERS_MAX)), style)
  const reason =
    reply?.status === 'REJECTED'
      ? [`${reply.statusDetails.ErrorCode}: ${reply.statusDetails.ErrorMessage}`]
      : []
  const more = remarks.length - REMARKS_MAX
  return [...reason, ...remarks.slice(0, REMARKS_MAX), ...(more > 0 ? [`… and ${more} more`] : [])].map(line)
}

function otherLines(event: Exclude<ViewedEvent, ViewedReport>, style: TerminalStyle): string[] {
  const { colors } = style
  const line = (text: string): string[] => [
    stamped(event.at, cut(printable(text), MESSAGE_CHARACTERS_MAX), style),
  ]
  switch (event.event) {
    case 'component': {
      const why = event.reason === undefined ? '' : `: ${event.reason}`
      const lines = line(`component ${event.state}${why}`)
      const isBad = event.state === 'ERRORED' || event.state === 'BROKEN'
      return lines.map(isBad ? colors.red : colors.dim)
    }
    case 'log': {
      const { level, message, detail } = event.view
      if (level !== 'warn' && level !== 'error') return []
      const lines = line(`${level}: ${message}${detail === undefined ? '' : ` ${detail}`}`)
      return lines.map(level === 'error' ? colors.red : colors.yellow)
    }
    case 'denied':
      return line(`denied by the recipe: ${event.operation} on ${event.resource}`).map(colors.red)
    case 'fault':
      return line(`fault on demand: ${event.fault}`).map(colors.yellow)
    case 'message':
      // The same event comes by way of AWS IoT Core, too.
      if (event.view?.kind !== 'violation' || event.view.isRepeat) return []
      return [stamped(event.at, alarmLine(event.view, style), style)]
    case 'core':
      return []
  }
}

function reportInFull(view: ReportEventView, style: TerminalStyle, drawTable: DrawTable): string[] {
  const { colors } = style
  const { listeners, connections, custom } = view
  const hosts = connections?.hosts ?? []
  const section = (title: string, table: string, left: number): string[] => [
    '',
    colors.bold(title),
    indent(table),
    ...(left > 0 ? [`  … and ${left} more`] : []),
  ]
  const listenerTable = drawTable(
    [
      { heading: 'Port', align: 'right', max: 5 },
      { heading: 'Proto', max: 5 },
      { heading: 'Interface', max: 24 },
      { heading: 'Usually', max: 20 },
    ],
    listeners
      .slice(0, ROWS_MAX)
      .map(({ port, protocol, interface: name, service }) => [
        `${port}`,
        protocol,
        name ?? '',
        service ?? '',
      ]),
  )
  const hostTable = drawTable(
    [
      { heading: 'Remote host', max: 39 },
      { heading: 'Count', align: 'right', max: 6 },
      { heading: 'Remote ports', max: 16 },
      { heading: 'Local ports', max: 12 },
    ],
    hosts
      .slice(0, ROWS_MAX)
      .map(({ address, count, remotePorts, localPorts }) => [
        address,
        count === undefined ? '' : formatCount(count),
        formatPorts(remotePorts, remotePorts.length > 2 ? 1 : 2),
        formatPorts(localPorts, 1),
      ]),
  )
  const customTable = drawTable(
    [
      { heading: 'Metric', max: 36 },
      { heading: 'Value', max: 38 },
    ],
    custom.slice(0, ROWS_MAX).map(({ name, values }) => [name, values.join(', ')]),
  )
  return [
    ...(listeners.length > 0
      ? section(listenersTitle(view), listenerTable, listeners.length - ROWS_MAX)
      : ['', 'Nothing listens.']),
    ...(hosts.length > 0
      ? section(connectionsTitle(connections), hostTable, hosts.length - ROWS_MAX)
      : ['', 'No established connections.']),
    ...(custom.length > 0 ? section('Custom metrics', customTable, custom.length - ROWS_MAX) : []),
  ]
}

function listenersTitle({ listeners, tcpPorts, udpPorts }: ReportEventView): string {
  const total = (tcpPorts?.total ?? 0) + (udpPorts?.total ?? 0)
  return `${plural(total, 'listener')}${listedOnly(listeners.length, total)}`
}

function connectionsTitle(connections: ReportEventView['connections']): string {
  const { total, listed = total } = connections ?? { total: 0 }
  return `${plural(total, 'established connection')}${listedOnly(listed, total)}, by remote host`
}

/** A report that was shrunk counts more than it names. */
const listedOnly = (listed: number, total: number): string =>
  total > listed ? ` (${formatCount(listed)} listed in the report)` : ''

function steps(
  { mode, stateDirectory }: Pick<Heading, 'mode' | 'stateDirectory'>,
  { colors }: TerminalStyle,
): string[] {
  const lines = nextSteps(mode, stateDirectory).flatMap(({ command, meaning }) => [
    `  ${colors.cyan(command)}`,
    `      ${colors.dim(meaning)}`,
  ])
  return ['', colors.bold('What to type next'), ...lines, '']
}

const stamped = (at: number, text: string, { colors, timeOfDay }: TerminalStyle): string =>
  `${colors.dim(timeOfDay(at))}  ${text}`

const indent = (text: string): string => text.replace(/^/gm, '  ')
