/** One operation of AWS IoT: checked input to the members of its answer, or an `AwsError`. */
import type { Account } from '../account.ts'
import type { Handlers } from '../rest-json.ts'

export type Operations = Handlers<Account>
