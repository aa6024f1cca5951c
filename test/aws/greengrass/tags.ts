/** Tags of components, deployments and core devices. Source: greengrassv2 API reference, TagResource. */
import { missing, unfit } from './errors.ts'
import type { Operation } from './operation.ts'
import type { Greengrass } from './state.ts'

/** General Reference, "Tag naming limits". */
const TAGS_MAX = 50

export const tagOperations = {
  ListTagsForResource: (greengrass, input) => ({
    tags: Object.fromEntries(find(greengrass, input.resourceArn)),
  }),

  TagResource: (greengrass, input) => {
    find(greengrass, input.resourceArn)
    setTags(greengrass, String(input.resourceArn), input.tags)
    return {}
  },

  UntagResource: (greengrass, input) => {
    const tags = find(greengrass, input.resourceArn)
    for (const key of input.tagKeys as readonly string[]) tags.delete(key)
    return {}
  },
} satisfies Record<string, Operation>

export function setTags(greengrass: Greengrass, arn: string, given: unknown): void {
  const known = greengrass.tags.get(arn) ?? new Map<string, string>()
  const tags = new Map([...known, ...Object.entries((given ?? {}) as Readonly<Record<string, string>>)])
  if ([...tags.keys()].some((key) => /^aws:/i.test(key)))
    throw unfit('Tag keys cannot begin with aws:', 'tags')
  if (tags.size > TAGS_MAX) throw unfit(`More than ${TAGS_MAX} tags`, 'tags')
  greengrass.tags.set(arn, tags)
}

export const tagsOf = (greengrass: Greengrass, arn: string): Readonly<Record<string, string>> =>
  Object.fromEntries(greengrass.tags.get(arn) ?? [])

function find(greengrass: Greengrass, arn: unknown): Map<string, string> {
  const tags = greengrass.tags.get(String(arn))
  if (tags === undefined) throw missing('Resource', String(arn))
  return tags
}
