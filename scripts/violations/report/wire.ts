/**
 * How a report's content travels inside its own file: columns and dictionaries instead of objects, so that 100,000
 * datapoints take little and are read at once. `encode.ts` writes it, `client/data.ts` reads it back in the browser.
 */
import type { Behavior } from '../../../src/detect/security-profile.ts'
import type { MetricPoint, Violation, ViolationRecord } from '../model.ts'

export interface WireReport {
  readonly title: string
  readonly source: string
  /** Epoch milliseconds, as all times here. */
  readonly generatedAt: number
  /** What the reader should know of what is not in here. */
  readonly notes: readonly string[]
  readonly things: readonly string[]
  readonly profileNames: readonly string[]
  readonly behaviors: readonly Behavior[]
  /** A profile's name and its text. */
  readonly profileTexts: readonly (readonly [string, string])[]
  readonly violations: WireViolations
}

/** One entry a violation in each column, newest first; `thing`, `profile` and `behavior` are places in the dictionaries. */
export interface WireViolations {
  readonly id: readonly string[]
  readonly thing: readonly number[]
  readonly profile: readonly number[]
  readonly behavior: readonly number[]
  readonly startedAt: readonly number[]
  readonly endedAt: readonly (number | null)[]
  readonly origin: readonly Violation['origin'][]
  readonly state: readonly Violation['state'][]
  readonly records: readonly (readonly ViolationRecord[])[]
  readonly last: readonly (MetricPoint | null)[]
  readonly verification: readonly (Violation['verification'] | null)[]
}

export type Element = string | number

export interface WireSeries {
  /** Instants: the first as it is, each later one as what lies between it and the one before it. */
  readonly times: readonly (readonly number[])[]
  /** All elements of all lists, and the lists as places among them. */
  readonly elements: readonly Element[]
  readonly lists: readonly (readonly number[])[]
  readonly series: readonly WireMetric[]
}

export interface WireMetric {
  /** A place in the report's `things`. */
  readonly thing: number
  readonly metric: string
  /** A place in `times`: the metrics of one thing are reported together. */
  readonly times: number
  readonly kind: 'number' | 'list'
  /** Numbers, or places in `lists`. */
  readonly values: readonly number[]
}

/** The elements of the page that hold the two parts. */
export const REPORT_ELEMENT = 'report-data'
export const SERIES_ELEMENT = 'series-data'
