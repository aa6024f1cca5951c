/**
 * The agent's state in Prometheus's text format, for the textfile collector of node_exporter and for the live page.
 *
 * Sources: Prometheus documentation, "Exposition formats" (text format 0.0.4) and "Metric and label naming". Times and
 * durations are in seconds, sizes in bytes. Totals count since the agent's process started, as Prometheus expects of
 * counters; `starts` has been counted since the agent's state began.
 */
import type { BehaviorHealth, Health } from '../../src/report/health.ts'

/** What a scrape answers with. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly labels?: Labels
  /** No sample where it is not known. */
  readonly value: number | undefined
}

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** A security profile has at most 100 behaviors and a device five of them (iot quotas): so many series at most a family. */
const behaviorStates: readonly BehaviorHealth['state'][] = [
  'ok',
  'pending',
  'in-alarm',
  'learning',
  'no-data',
  'not-judged',
]

/** @param nowMs epoch milliseconds; ages are taken from it */
export function exposition(health: Health, nowMs: number): string {
  const common = { thing: health.thingName }
  return families(health, nowMs)
    .map((family) => render(family, common))
    .join('')
}

function families(health: Health, nowMs: number): Family[] {
  const { reports, outbox, parts, behaviors } = health
  const age = (at: number | undefined) => (at === undefined ? undefined : Math.max(0, (nowMs - at) / 1000))
  return [
    gauge('info', 'The agent and the nucleus that it talks to; always 1.', [
      { labels: { version: health.agentVersion, nucleus: health.nucleus }, value: 1 },
    ]),
    gauge(
      'state_age_seconds',
      'Age of this state: what is old is of an agent that may not run.',
      one(age(health.at)),
    ),
    gauge('connected', 'Whether the agent is connected to the nucleus.', one(Number(health.isConnected))),
    gauge('uptime_seconds', 'Time since the process started.', one(health.uptimeSeconds)),
    counter('starts_total', "Starts of the process since the agent's state began.", one(health.starts)),
    gauge('resident_memory_bytes', 'Resident memory of the process.', one(health.residentBytes)),
    counter('reports_handed_over_total', 'Reports that the nucleus took.', one(reports.handedOver)),
    counter('reports_accepted_total', 'Reports that Device Defender accepted.', one(reports.accepted)),
    counter('reports_rejected_total', 'Reports that Device Defender rejected.', one(reports.rejected)),
    gauge(
      'reports_unanswered',
      'Whether nobody answers on the reserved topic, as where Detect is closed to the account.',
      one(Number(reports.isUnanswered)),
    ),
    gauge(
      'last_report_handed_over_age_seconds',
      'Time since the nucleus took a report; absent before the first.',
      one(age(reports.lastHandedOverAt)),
    ),
    gauge(
      'last_report_accepted_age_seconds',
      'Time since Device Defender accepted a report; absent before the first.',
      one(age(reports.lastAcceptedAt)),
    ),
    gauge('outbox_entries', 'Messages that wait to be handed over.', one(outbox.entries)),
    gauge('outbox_bytes', 'Size of the messages that wait.', one(outbox.bytes)),
    gauge('outbox_oldest_age_seconds', 'Age of the oldest message that waits.', one(age(outbox.oldestAt))),
    gauge(
      'outbox_durable',
      'Whether what waits is on disk; 0 while the disk does not work.',
      one(Number(outbox.state === 'durable')),
    ),
    counter(
      'dropped_total',
      'Messages that went without being handed over, and history that was not kept, by reason.',
      Object.entries(outbox.dropped).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
    gauge(
      'part_duration_seconds',
      'How long a part of the last collection, or a sink, took.',
      parts.map(({ part, durationMs }) => ({ labels: { part }, value: durationMs / 1000 })),
    ),
    counter(
      'part_failures_total',
      'Failures of a part of the collection, or of a sink.',
      parts.map(({ part, failures }) => ({ labels: { part }, value: failures })),
    ),
    gauge(
      'behavior_state',
      'State of each behavior of the security profiles: 1 for the one it is in, 0 for the others.',
      behaviors.flatMap((behavior) =>
        behaviorStates.map((state) => ({
          labels: { ...labelsOf(behavior), state },
          value: Number(state === behavior.state),
        })),
      ),
    ),
    gauge(
      'behavior_value',
      'Last value that a behavior was judged by, in the unit of its metric.',
      behaviors.map((behavior) => ({ labels: labelsOf(behavior), value: behavior.value })),
    ),
    gauge(
      'behavior_threshold',
      'What that value was compared with.',
      behaviors.map((behavior) => ({ labels: labelsOf(behavior), value: behavior.threshold })),
    ),
    gauge('alarms', 'Behaviors in alarm.', one(behaviors.filter(({ state }) => state === 'in-alarm').length)),
  ]
}

const labelsOf = ({ securityProfileName, behaviorName, metric }: BehaviorHealth): Labels => ({
  profile: securityProfileName,
  behavior: behaviorName,
  metric,
})

const one = (value: number | undefined): readonly Sample[] => [{ value }]

const PREFIX = 'greengrass_defender_'
const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name: PREFIX + name,
  type: 'gauge',
  help,
  samples,
})
const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  ...gauge(name, help, samples),
  type: 'counter',
})

/** Nothing at all of a family without samples. Series that would be there twice are there once. */
function render({ name, type, help, samples }: Family, common: Labels): string {
  const series = new Map<string, number>()
  for (const { labels, value } of samples) {
    if (value !== undefined && Number.isFinite(value)) series.set(labelText({ ...common, ...labels }), value)
  }
  if (series.size === 0) return ''
  const lines = [...series].map(([labels, value]) => `${name}${labels} ${value}`)
  return `${[`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...lines].join('\n')}\n`
}

const labelText = (labels: Labels) =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',')}}`

const escapeHelp = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeLabel = (text: string) => escapeHelp(text).replaceAll('"', '\\"')
