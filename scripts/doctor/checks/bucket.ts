/** The bucket of the artifacts: there, ours, in the right region, and closed to the public. */
import { type AwsOptions, withOpen } from '../../aws/client.ts'
import { openArtifactBucket } from '../../aws/s3.ts'
import type { Caller } from '../../aws/sts.ts'
import type { Check } from '../check.ts'

export const bucketCheck = (name: string, caller: Caller, aws: AwsOptions): Check => ({
  name: 'bucket',
  look: async () => {
    const opening = openArtifactBucket(name, caller.accountId, aws)
    const found = await withOpen(opening, (bucket) => bucket.find())
    if (found === undefined) {
      return {
        kind: 'fault',
        detail: `${name} does not exist`,
        advice: 'Create it: npx defender setup. If the artifacts are elsewhere, give --bucket.',
      }
    }
    if (found.region !== caller.region) {
      return {
        kind: 'fault',
        detail: `${name} is in ${found.region}, and not in ${caller.region}`,
        advice: 'Use a bucket in the region of the components: give --bucket or --region.',
      }
    }
    return { kind: 'ok', detail: `${name} is there, in ${found.region}, and belongs to this account` }
  },
})

export const publicAccessCheck = (name: string, caller: Caller, aws: AwsOptions): Check => ({
  name: 'bucket is private',
  look: async () => {
    const opening = openArtifactBucket(name, caller.accountId, aws)
    const { isPrivate, isEncrypted, isVersioned } = await withOpen(opening, (bucket) => bucket.settings())
    if (!isPrivate) {
      return {
        kind: 'fault',
        detail: `public access to ${name} is not blocked: who can write there can put code on devices`,
        advice: 'Block it: npx defender setup shows the change and makes it.',
      }
    }
    const rest = [isEncrypted ? 'encrypted' : 'not encrypted', isVersioned ? 'versioned' : 'not versioned']
    return { kind: 'ok', detail: `public access is blocked; ${rest.join(', ')}` }
  },
})
