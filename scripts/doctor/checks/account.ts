/** Who asks, where, and whether Greengrass answers there. */

import { type AwsOptions, withOpen } from '../../aws/client.ts'
import { componentArn, openComponentService } from '../../aws/components.ts'
import type { Caller } from '../../aws/sts.ts'
import { compareVersions } from '../../publish/version.ts'
import type { Check } from '../check.ts'

export const callerCheck = (whoAmI: () => Promise<Caller>): Check => ({
  name: 'credentials',
  look: async () => {
    const { accountId, arn, region } = await whoAmI()
    return { kind: 'ok', detail: `${arn}, account ${accountId}, region ${region}` }
  },
})

export const componentCheck = (name: string, caller: Caller, aws: AwsOptions): Check => ({
  name: 'component',
  look: async () => {
    const arn = componentArn(caller, name)
    const versions = await withOpen(openComponentService(aws), (service) => service.versionsOf(arn))
    const newest = versions.toSorted(compareVersions).at(-1)
    return newest === undefined
      ? {
          kind: 'unknown',
          detail: `Greengrass answers; ${name} is not published yet`,
          advice: 'Publish it: npx defender publish',
        }
      : { kind: 'ok', detail: `${name} ${newest} is published` }
  },
})
