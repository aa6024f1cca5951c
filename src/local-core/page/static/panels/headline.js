/** The top of the page: who and in what state, then the figures of the last report. */
import { inAlarmCount, standings } from '../alarms.js'
import { h } from '../dom.js'
import { formatBytes, formatCount, formatTime } from '../format.js'

/** What the component's state means for the eye; a word always stands beside the colour. */
const TONES = { RUNNING: 'ok', ERRORED: 'bad', BROKEN: 'bad', STOPPING: 'warn', STARTING: 'warn' }
const REPLY_TONES = { ACCEPTED: 'ok', REJECTED: 'bad', SILENT: 'warn' }

/** @param {import('../model.js').Model} model */
export function drawFacts(model) {
  return model.session?.kind === 'device' ? deviceFacts(model) : machineFacts(model)
}

/** @param {import('../model.js').Model} model */
function machineFacts({ core, component, reports, link }) {
  const last = reports[0]
  const isOff = link === 'lost' || link === 'refused'
  const state = isOff ? 'not connected' : (component?.state ?? 'waiting')
  return [
    fact('Thing', core?.thingName ?? '…'),
    fact('Nucleus', core ? `${core.mode} (stand-in)` : '…'),
    fact('Component', badge(state, isOff ? 'bad' : TONES[/** @type {'RUNNING'} */ (state)])),
    fact(
      'Last reply',
      last
        ? [badge(last.status, REPLY_TONES[/** @type {'ACCEPTED'} */ (last.status)]), ' ', formatTime(last.at)]
        : 'none yet',
    ),
  ]
}

/** @param {import('../model.js').Model} model */
function deviceFacts({ alarms, link }) {
  const health = alarms.health
  const { thingName, nucleus, isConnected, at } = health?.payload ?? {}
  const isOff = link === 'lost' || link === 'refused'
  return [
    fact('Thing', health ? String(thingName) : '…'),
    fact('Nucleus', health ? String(nucleus) : '…'),
    fact(
      'Agent',
      isOff
        ? badge('page not connected', 'bad')
        : health
          ? badge(isConnected ? 'connected' : 'not connected', isConnected ? 'ok' : 'warn')
          : '…',
    ),
    fact('State of', health ? formatTime(at) : '…'),
  ]
}

const LINK_TEXTS = {
  lost: 'The page’s server has stopped, or cannot be reached. What you see is the last it said.',
  refused:
    'This page was opened without its token, or the token is of a former run. Open the address that the command printed.',
}

/** @param {import('../model.js').Model} model */
export function drawBanner({ link, component, intervals, session, alarms }) {
  if (link === 'lost' || link === 'refused') return [h('p', { class: 'banner' }, LINK_TEXTS[link])]
  if (component?.state === 'BROKEN') {
    return [
      h(
        'p',
        { class: 'banner bad' },
        'The component is BROKEN and will not be started again. ',
        component.reason ?? '',
      ),
    ]
  }
  if (intervals.length > 0) return []
  return [
    h(
      'p',
      { class: 'banner' },
      session?.kind === 'device'
        ? deviceWaitsText(session.directory, alarms.health !== undefined)
        : 'Waiting for the first report. It comes within one interval of the start.',
    ),
  ]
}

/** @param {string} directory @param {boolean} hasHealth */
export const deviceWaitsText = (directory, hasHealth) =>
  hasHealth
    ? 'No history of the last day: the agent writes it after each report interval.'
    : `No state of an agent could be read in ${directory}: none is there yet, or this user may not read it. What an agent writes there is shown here at once.`

/** @param {import('../model.js').Model} model */
export function drawTiles({ intervals, replies, alarms, session }) {
  const view = intervals[0]?.view
  const isDevice = session?.kind === 'device'
  const accepted = alarms.health?.view.reports
  return [
    alarmTile(alarms),
    tile('Listening TCP', count(view?.tcpPorts?.total), isNew(view, 'tcp')),
    tile('Listening UDP', count(view?.udpPorts?.total), isNew(view, 'udp')),
    tile(
      'Connections',
      count(view?.connections?.total),
      view?.connections && hostCount(view.connections.hosts.length),
    ),
    tile(
      'Bytes in',
      view?.traffic && formatBytes(view.traffic.bytesIn),
      view?.traffic && `${formatCount(view.traffic.packetsIn)} packets`,
    ),
    tile(
      'Bytes out',
      view?.traffic && formatBytes(view.traffic.bytesOut),
      view?.traffic && `${formatCount(view.traffic.packetsOut)} packets`,
    ),
    isDevice
      ? tile(
          'Reports accepted',
          count(accepted?.accepted),
          accepted?.rejected === undefined ? '' : `${formatCount(accepted.rejected)} rejected`,
        )
      : tile('Reports accepted', formatCount(replies.ACCEPTED), notAccepted(replies)),
  ]
}

/** Whose figures these are. @param {import('../model.js').Model} model */
export function drawFoot({ session }) {
  switch (session?.kind) {
    case 'machine':
      return [
        'Everything here was read from this machine’s ',
        h('code', {}, '/proc'),
        ' and stays on this machine. Greengrass and Device Defender are local stand-ins; no AWS account is involved.',
      ]
    case 'device':
      return [
        'Everything here was read from the agent’s own state on this device. This page changes nothing.',
      ]
    default:
      return []
  }
}

/** @param {import('../alarms.js').Alarms} alarms */
function alarmTile(alarms) {
  const inAlarm = inAlarmCount(alarms)
  const all = standings(alarms).length
  const isKnown = all > 0 || alarms.health !== undefined
  const { raisedCount } = alarms
  return tile(
    'In alarm',
    isKnown ? [formatCount(inAlarm), h('span', { class: 'of' }, ` of ${formatCount(all)}`)] : undefined,
    raisedCount === 0 ? 'none raised so far' : `${formatCount(raisedCount)} raised so far`,
    `alarms ${inAlarm > 0 ? 'bad' : ''}`,
  )
}

/** @param {import('../model.js').Model['replies']} replies */
const notAccepted = ({ REJECTED, SILENT }) =>
  `${formatCount(REJECTED)} rejected${SILENT > 0 ? `, ${formatCount(SILENT)} no reply` : ''}`

/** @param {any} view @param {string} protocol */
function isNew(view, protocol) {
  const fresh = view?.listeners.filter(
    (/** @type {any} */ l) => l.protocol === protocol && l.newSince !== undefined,
  )
  return fresh?.length > 0 && `${fresh.length} new`
}

/** @param {number} hosts */
const hostCount = (hosts) => (hosts === 1 ? '1 remote host' : `${formatCount(hosts)} remote hosts`)

/** @param {number | undefined} value */
const count = (value) => (value === undefined ? undefined : formatCount(value))

/** A figure that the report does not have is a dash, never a zero. @param {string} label @param {any} value @param {any} note @param {string} tone */
const tile = (label, value, note, tone = '') =>
  h(
    'div',
    { class: `tile ${tone}` },
    h('div', { class: 'tile-label' }, label),
    h('div', { class: 'tile-value' }, value ?? '–'),
    h('div', { class: 'tile-note' }, note || '\u00a0'),
  )

/** @param {string} name @param {import('../dom.js').Child} value */
const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value))

/** @param {string} text @param {string | undefined} tone */
export const badge = (text, tone) => h('span', { class: `badge ${tone ?? ''}` }, text)
