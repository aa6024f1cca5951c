/**
 * Ids of violations without chance: the same thing, behavior and instant give the same id, so that replaying a history
 * gives the very events that were stored. 32 hexadecimal digits, as AWS's are; the API takes 1-128 of `[a-zA-Z0-9-]`.
 */
import { createHash } from 'node:crypto'
import type { Naming } from './turn.ts'

export function violationIds(thingName: string): Naming['newViolationId'] {
  return ({ profileName, behaviorName, at }) =>
    createHash('sha256')
      .update(JSON.stringify([thingName, profileName, behaviorName, at]))
      .digest('hex')
      .slice(0, 32)
}
