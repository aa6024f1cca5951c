/**
 * Reads a state back from where it was stored. The file may be damaged or another version's; nothing of it is believed
 * unchecked, and what cannot be used is refused with a reason, so that the engine begins afresh.
 */
import * as z from 'zod/mini'
import { LIST_ELEMENTS_MAX } from './interval.ts'
import { POPULATION_DATAPOINTS_MAX } from './population.ts'
import { type DetectState, STATE_VERSION } from './state.ts'

export type RestoredState =
  | { readonly ok: true; readonly state: DetectState }
  | { readonly ok: false; readonly reason: string }

export function restoreState(stored: unknown): RestoredState {
  const version = (stored as { version?: unknown } | null | undefined)?.version
  if (version !== STATE_VERSION)
    return { ok: false, reason: `version ${JSON.stringify(version)}, not ${STATE_VERSION}` }
  const read = stateSchema.safeParse(stored)
  if (read.success) return { ok: true, state: read.data as unknown as DetectState }
  const [issue] = read.error.issues
  return { ok: false, reason: `${issue?.path.join('.')}: ${issue?.message}` }
}

/** A state with its percentiles' populations from a copy that was stored earlier. */
export function withLearned(state: DetectState, learned: DetectState['learned']): DetectState {
  return { ...state, learned: { ...learned, ...state.learned } }
}

const finite = z.number()
const count = z.int().check(z.nonnegative())
const text = z.string()

const number = z.object({ kind: z.enum(['sum', 'max']), member: z.enum(['count', 'number']), value: finite })
const union = z
  .object({
    kind: z.literal('union'),
    member: z.enum(['ports', 'cidrs', 'numbers', 'strings']),
    elements: z.array(z.union([finite, text])).check(z.maxLength(LIST_ELEMENTS_MAX)),
    firstSeen: z.array(finite),
    total: count,
  })
  .check(
    z.refine(
      ({ elements, firstSeen }) => elements.length === firstSeen.length,
      'elements and firstSeen differ',
    ),
  )
const accumulated = z.union([number, union])

const closedInterval = z.object({ startAt: finite, endAt: finite, coveredMs: finite, value: finite })
const past = z.object({ value: z.optional(finite), coveredMs: finite, longestMs: finite })
const series = z.object({
  open: z.optional(accumulated),
  coveredMs: finite,
  previous: z.optional(accumulated),
  kind: z.enum(['sum', 'max', 'union']),
  closed: z.array(closedInterval),
  past: z.record(text, past),
  dataAt: finite,
})

const chunk = z
  .object({ startSecond: z.int(), seconds: z.array(count), values: z.array(finite) })
  .check(
    z.refine(({ seconds, values }) => seconds.length === values.length && seconds.length > 0, 'uneven chunk'),
  )
const population = z
  .object({ chunks: z.array(chunk), count: count.check(z.maximum(POPULATION_DATAPOINTS_MAX)) })
  .check(
    z.refine(
      ({ chunks, count: all }) => chunks.reduce((sum, each) => sum + each.values.length, 0) === all,
      'wrong count',
    ),
  )
const learned = z.object({
  pending: z.array(z.object({ at: finite, middle: finite, value: finite })),
  population,
})

const judgement = z.object({
  at: finite,
  verdict: z.enum(['conforming', 'violating', 'none']),
  reason: z.optional(z.enum(['window-incomplete', 'learning', 'negative-values', 'other-type'])),
  value: z.optional(finite),
  threshold: z.optional(finite),
})
/** Values and behaviors are only shown again, never judged by. */
const shown = z.record(text, z.unknown())
const alarm = z.union([
  z.object({ kind: z.literal('ok') }),
  z.object({ kind: z.literal('pending'), violating: count }),
  z.object({
    kind: z.literal('in-alarm'),
    violationId: text,
    since: finite,
    meeting: count,
    last: z.object({ at: finite, value: shown }),
    behavior: shown,
  }),
])
const behavior = z.object({
  profileName: text,
  behaviorName: text,
  fingerprint: text,
  alarm,
  judged: z.boolean(),
  last: z.optional(judgement),
})

const stateSchema = z.object({
  version: z.literal(STATE_VERSION),
  engine: text,
  clock: z.object({ at: finite, aheadMs: finite }),
  openedAt: finite,
  closesAt: finite,
  behaviors: z.array(behavior),
  series: z.record(text, series),
  learned: z.record(text, learned),
})
