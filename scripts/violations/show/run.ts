/** `defender violations show`: the whole story of one violation. */
import type { ExitStatus } from '../../plan/io.ts'
import { violationJson } from '../export/json.ts'
import { findById } from '../find.ts'
import { type SourceFlags, statusOf, type ViolationsIo, withSource } from '../io.ts'
import type { MetricPoint, Violation, ViolationSource } from '../model.ts'
import { type Span, spanOfKnown } from './sparkline.ts'
import { storyText } from './text.ts'

const HOUR_MS = 3_600_000
/** Before and after the alarm; of one that lasted for days the metric's course is drawn for its first day. */
const AROUND_MS = 2 * HOUR_MS
const DRAWN_MS_MAX = 24 * HOUR_MS
/** What else happened on the thing in this time may belong to the same story. */
const NEIGHBOURS_MS = 24 * HOUR_MS

/** Everything that is told of one violation. */
export interface Story {
  readonly violation: Violation
  readonly around: Span
  readonly points: readonly MetricPoint[]
  /** Others on the same thing, oldest first. */
  readonly neighbours: readonly Violation[]
  readonly now: number
}

export const show = (id: string, flags: SourceFlags, io: ViolationsIo): Promise<ExitStatus> =>
  withSource(flags, io, async (source, missing): Promise<ExitStatus> => {
    const story = await storyOf(source, id, io.clock.wallMs())
    if (flags.output === 'json') {
      const { violation, points, neighbours } = story
      const whole = {
        ...violationJson(violation),
        metricValues: points,
        neighbours: neighbours.map(violationJson),
      }
      io.write(`${JSON.stringify(whole, null, 2)}\n`)
    } else io.write(await storyText(story, io.style))
    return statusOf(missing)
  })

async function storyOf(source: ViolationSource, id: string, now: number): Promise<Story> {
  const all = await source.violations({})
  const violation = findById(all, id, source.description)
  const { thingName, behavior, startedAt, endedAt = now } = violation
  const around = {
    since: startedAt - AROUND_MS,
    until: Math.min(now, endedAt + AROUND_MS, startedAt + DRAWN_MS_MAX),
  }
  const dimension = behavior.metricDimension
  const points = await source.metricValues({
    thingName,
    metric: behavior.metric,
    ...(dimension === undefined ? {} : { dimension }),
    ...around,
  })
  const isNear = (other: Violation) =>
    other.startedAt <= endedAt + NEIGHBOURS_MS && (other.endedAt ?? now) >= startedAt - NEIGHBOURS_MS
  const neighbours = all
    .filter((other) => other !== violation && other.thingName === thingName && isNear(other))
    .reverse()
  const known = spanOfKnown(points, around, { since: startedAt, until: endedAt })
  return { violation, around: known, points, neighbours, now }
}
