/** Which plan it is: the same plan gives the same few characters, so that what was reviewed is what is carried out. */
import { createHash } from 'node:crypto'
import { stableJson } from '../../plan/stable-json.ts'

/** 48 bits: enough against accident, short enough to be typed. */
const CHARACTERS = 12

export const fingerprintOf = (plan: object): string =>
  createHash('sha256').update(stableJson(plan)).digest('hex').slice(0, CHARACTERS)
