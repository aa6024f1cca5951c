/** A violation as JSON: the model's own members, with times also as people and databases read them. */
import type { Violation, ViolationRecord } from '../model.ts'

export function violationJson(violation: Violation): Readonly<Record<string, unknown>> {
  const { startedAt, endedAt, records, ...rest } = violation
  return {
    ...rest,
    startedAt,
    startedTime: isoTime(startedAt),
    ...(endedAt === undefined ? {} : { endedAt, endedTime: isoTime(endedAt) }),
    records: records.map((record) => ({ ...record, time: isoTime(record.at) })),
  }
}

/** When something was last said of it. */
export const updatedAt = ({ records, last, startedAt }: Violation): number =>
  Math.max(startedAt, last?.at ?? 0, ...records.map(({ at }: ViolationRecord) => at))

/** An instant beyond what a date can be (ECMA-262) is brought to the last that can. */
export const isoTime = (at: number): string => new Date(Math.min(Math.max(at, 0), 8.64e15)).toISOString()
