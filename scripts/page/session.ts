/** What the page is told first: what can be done on it, and what a behavior may say. */

import { statistics } from '../../src/detect/percentile.ts'
import { comparisonOperators, durationsSeconds, metricCatalog } from '../../src/metrics/catalog.ts'
import { attacks } from '../commands/attack.ts'

export interface SessionOptions {
  /** `machine`: an embedded core on somebody's desk; `device`: a device's own state, read only. */
  readonly kind: 'machine' | 'device'
  /** Where a device's state is read. */
  readonly directory?: string
  readonly steps: readonly { readonly command: string; readonly meaning: string }[]
  /** Whether a changed behavior can be given to the agent. */
  readonly canApply: boolean
}

export const sessionGreeting = ({ kind, directory, steps, canApply }: SessionOptions): object => ({
  event: 'session',
  kind,
  ...(directory !== undefined && { directory }),
  steps,
  canApply,
  attacks:
    kind === 'machine'
      ? Object.entries(attacks).map(([name, { summary, raises }]) => ({ name, summary, raises }))
      : [],
  metrics: [...metricCatalog.values()]
    .filter(({ side }) => side === 'device')
    .map(({ name, member, operators, duration, statistical, unit }) => ({
      name,
      member,
      operators,
      duration,
      statistical,
      unit,
    })),
  // Of a custom metric the page does not know the type: it offers them all, and the reading says what does not fit.
  operators: comparisonOperators,
  durations: durationsSeconds,
  statistics: Object.keys(statistics),
})
