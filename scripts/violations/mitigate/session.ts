/** The door to AWS for those who answer violations, closed when they are done. */
import type { DetectMitigations } from '../../aws/detect-mitigations.ts'
import { awsOptionsOf } from '../../aws/operator-io.ts'
import type { AccountOptions, ExitStatus } from '../../plan/io.ts'
import type { ViolationsIo } from '../io.ts'

export async function withMitigations(
  flags: AccountOptions,
  io: ViolationsIo,
  work: (mitigations: DetectMitigations) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const mitigations = await io.openMitigations(awsOptionsOf(flags))
  try {
    return await work(mitigations)
  } finally {
    mitigations.close()
  }
}
