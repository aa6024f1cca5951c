/** Tags of what an account holds. Source: iot API reference, TagResource; General Reference, "Tag naming limits". */
import { type Account, setTags } from '../account.ts'
import { AwsError, invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'

const TAGS_MAX = 50

export const tagOperations: Operations = {
  ListTagsForResource: (account, input) => {
    const tags = [...tagsOf(account, input.resourceArn)].map(([Key, Value]) => ({ Key, Value }))
    const { entries, next } = page(account, 'tags', tags, input)
    return { tags: entries, ...next }
  },

  TagResource: (account, input) => {
    const given = input.tags as readonly { Key: string }[]
    const known = tagsOf(account, input.resourceArn)
    if (given.some(({ Key }) => /^aws:/i.test(Key))) throw invalid('Tag keys cannot begin with aws:')
    if (new Set([...known.keys(), ...given.map(({ Key }) => Key)]).size > TAGS_MAX) {
      throw new AwsError('LimitExceededException', `More than ${TAGS_MAX} tags.`)
    }
    setTags(account, String(input.resourceArn), given)
    return {}
  },

  UntagResource: (account, input) => {
    const tags = tagsOf(account, input.resourceArn)
    for (const key of input.tagKeys as readonly string[]) tags.delete(key)
    return {}
  },
}

function tagsOf(account: Account, arn: unknown): Map<string, string> {
  const tags = account.tags.get(String(arn))
  if (tags === undefined) throw notFound(`Resource ${arn}`)
  return tags
}
