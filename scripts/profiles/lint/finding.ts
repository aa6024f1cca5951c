/** What `lint` has to say: legal, but unlikely to mean what it says, or unlikely to do what is hoped for. */
import type { SecurityProfile } from '../../../src/detect/security-profile.ts'
import type { CustomMetricType } from '../../../src/metrics/snapshot.ts'
import type { ProfileFile } from '../file.ts'
import type { Edit } from './edit.ts'

export type Severity =
  | 'warning' // something is probably wrong
  | 'note' // good to know; nothing need be done

export interface Finding {
  readonly code: string
  readonly severity: Severity
  /** `behaviors[0].criteria.comparisonOperator`, as a path in the profile. */
  readonly at: string
  readonly reason: string
  readonly fix: string
  /** What `--fix` would do; absent where only a person can know. */
  readonly edits?: readonly Edit[]
}

export interface LintContext {
  readonly file: ProfileFile
  readonly profile: SecurityProfile
  /** All files of this run, this one among them. */
  readonly files: readonly ProfileFile[]
  readonly customMetricTypes: ReadonlyMap<string, CustomMetricType>
}

export type Rule = (context: LintContext) => readonly Finding[]
