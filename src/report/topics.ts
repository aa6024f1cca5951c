/**
 * The topics a report and its replies travel on, and the topics of our own.
 *
 * Source: AWS IoT Core developer guide, "Reserved topics" (Device Defender topics). The publish topic can only be
 * published to and the two reply topics only subscribed to; replies come in the format that the topic names.
 */
import type { ReportFormat } from './codec.ts'
import { THING_NAME_MAX } from './limits.ts'
import { ReportError } from './report-error.ts'

export interface ReportTopics {
  readonly publish: string
  readonly accepted: string
  readonly rejected: string
}

export interface OwnTopics {
  /** Copies of the reports. */
  readonly reports: string
  /** Violations that the device itself has found. */
  readonly violations: string
  /** The agent's own state. */
  readonly health: string
}

/** Throws a ReportError `thing-name`: a name with `+`, `#` or `/` would address other things' topics. */
export function reportTopics(thingName: string, format: ReportFormat): ReportTopics {
  const publish = `$aws/things/${checkedName(thingName)}/defender/metrics/${format}`
  return { publish, accepted: `${publish}/accepted`, rejected: `${publish}/rejected` }
}

/** Throws a ReportError `thing-name`. */
export function ownTopics(thingName: string): OwnTopics {
  const root = `greengrass-defender/${checkedName(thingName)}`
  return { reports: `${root}/reports`, violations: `${root}/violations`, health: `${root}/health` }
}

/** What is wrong with a thing name, if anything is. Source: AWS IoT API reference, CreateThing, `thingName`. */
export function thingNameFault(thingName: string): string | undefined {
  if (thingName === '') return 'is empty'
  if (thingName.length > THING_NAME_MAX) {
    return `has ${thingName.length} characters, at most ${THING_NAME_MAX} are allowed`
  }
  if (!/^[a-zA-Z0-9:_-]+$/.test(thingName))
    return 'has characters other than letters, digits, ":", "_" and "-"'
  return undefined
}

function checkedName(thingName: string): string {
  const fault = thingNameFault(thingName)
  if (fault === undefined) return thingName
  throw new ReportError(
    'thing-name',
    `thing name ${JSON.stringify(thingName.slice(0, 2 * THING_NAME_MAX))} ${fault}`,
  )
}
