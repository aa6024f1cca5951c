/** One operation: checked input to the members of its answer, or an `AwsError`. */
import type { Account, Input } from '../account.ts'
import type { OperationName } from '../shapes.ts'

export type Operation = (account: Account, input: Input) => Readonly<Record<string, unknown>>
export type Operations = Readonly<Partial<Record<OperationName, Operation>>>
