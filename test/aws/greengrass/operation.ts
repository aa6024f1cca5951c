/** One operation: checked input to the members of its answer, or an `AwsError`; and lists in pages. */
import type { Input } from '../account.ts'
import { AwsError } from '../error.ts'
import { page } from '../page.ts'
import { unfit } from './errors.ts'
import type { Greengrass } from './state.ts'

export type Operation = (greengrass: Greengrass, input: Input) => Readonly<Record<string, unknown>>

export function pageOf<T>(greengrass: Greengrass, list: string, all: readonly T[], input: Input) {
  try {
    return page(greengrass.account, list, all, input)
  } catch (error) {
    throw error instanceof AwsError ? unfit(error.message, 'nextToken') : error
  }
}

/** The newest first, as lists of deployments and component versions are. */
export const newestFirst = <T>(entries: Iterable<T>): T[] => [...entries].reverse()
