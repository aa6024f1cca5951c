/**
 * Which plan it is: the same changes to the same account give the same few characters, so that what was reviewed is
 * what is applied. Versions and former values are part of it: a change behind our back makes another plan.
 */
import { createHash } from 'node:crypto'
import type { Change } from './changes.ts'
import { stableJson } from './stable-json.ts'
import type { Scope } from './target.ts'

export const fingerprintOf = (changes: readonly Change[], region: string, scope: Scope | undefined): string =>
  fingerprintOfData({ region, account: scope?.accountId ?? null, changes })

/** 48 bits: enough against accident, short enough to be typed. */
const CHARACTERS = 12

export const fingerprintOfData = (plan: object): string => digestOf(plan).slice(0, CHARACTERS)

/** SHA-256 of data, hexadecimal, in whatever order keys were set. */
export const digestOf = (value: unknown): string =>
  createHash('sha256').update(stableJson(value)).digest('hex')
