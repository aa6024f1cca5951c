/**
 * One metric's value at one time, in the shape of AWS's MetricValue: what Edge Detect judges and history keeps.
 * Exactly one member is set. Source: iot MetricValue (count, cidrs, ports, number, numbers, strings).
 */
export type MetricValue =
  | { readonly count: number }
  | { readonly ports: readonly number[] }
  | { readonly cidrs: readonly string[] }
  | { readonly number: number }
  | { readonly numbers: readonly number[] }
  | { readonly strings: readonly string[] }

export interface Datapoint {
  /** `aws:all-bytes-out` and the like, or a custom metric's name. */
  readonly metric: string
  readonly value: MetricValue
}
