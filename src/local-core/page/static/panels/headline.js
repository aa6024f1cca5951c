/** The top of the page: who and in what state, then the figures of the last report. */
import { inAlarmCount, standings } from '../alarms.js'
import { h } from '../dom.js'
import { formatBytes, formatCount, formatTime } from '../format.js'

/** What the component's state means for the eye; a word always stands beside the colour. */
const TONES = { RUNNING: 'ok', ERRORED: 'bad', BROKEN: 'bad', STOPPING: 'warn', STARTING: 'warn' }
const REPLY_TONES = { ACCEPTED: 'ok', REJECTED: 'bad', SILENT: 'warn' }

/** @param {import('../model.js').Model} model */
export function drawFacts({ core, component, reports, link }) {
  const last = reports[0]
  const state = link === 'lost' ? 'not connected' : (component?.state ?? 'waiting')
  return [
    fact('Thing', core?.thingName ?? '…'),
    fact('Nucleus', core ? `${core.mode} (stand-in)` : '…'),
    fact('Component', badge(state, link === 'lost' ? 'bad' : TONES[/** @type {'RUNNING'} */ (state)])),
    fact(
      'Last reply',
      last
        ? [badge(last.status, REPLY_TONES[/** @type {'ACCEPTED'} */ (last.status)]), ' ', formatTime(last.at)]
        : 'none yet',
    ),
  ]
}

/** @param {import('../model.js').Model} model */
export function drawBanner({ link, component, reports }) {
  if (link === 'lost') {
    return [
      h(
        'p',
        { class: 'banner' },
        'The embedded core has stopped, or cannot be reached. What you see is the last it said.',
      ),
    ]
  }
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
  if (reports.length === 0) {
    return [
      h('p', { class: 'banner' }, 'Waiting for the first report. It comes within one interval of the start.'),
    ]
  }
  return []
}

/** @param {import('../model.js').Model} model */
export function drawTiles({ reports, replies, alarms }) {
  const view = reports[0]?.view
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
    tile('Reports accepted', formatCount(replies.ACCEPTED), notAccepted(replies)),
  ]
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
