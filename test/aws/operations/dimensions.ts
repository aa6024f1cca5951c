/** Dimensions. Source: iot API reference, CreateDimension and its neighbours. */
import { type Account, arnOf, type StoredDimension, secondsNow, setTags, usersOf } from '../account.ts'
import { AwsError, invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'

/** General Reference, quotas of Device Defender; not adjustable. */
const DIMENSIONS_MAX = 10

export const dimensionOperations: Operations = {
  CreateDimension: (account, input) => {
    const name = String(input.name)
    const known = account.dimensions.get(name)
    if (known !== undefined) {
      if (known.token === input.clientRequestToken) return { name, arn: known.arn }
      throw new AwsError('ResourceAlreadyExistsException', `Dimension ${name} already exists.`, {
        resourceId: name,
        resourceArn: known.arn,
      })
    }
    if (account.dimensions.size >= DIMENSIONS_MAX) {
      throw new AwsError('LimitExceededException', `More than ${DIMENSIONS_MAX} dimensions.`)
    }
    const arn = arnOf(account, `dimension/${name}`)
    const now = secondsNow(account)
    account.dimensions.set(name, {
      name,
      arn,
      type: String(input.type),
      stringValues: input.stringValues as string[],
      token: String(input.clientRequestToken),
      createdAt: now,
      changedAt: now,
    })
    setTags(account, arn, input.tags)
    return { name, arn }
  },

  DescribeDimension: (account, input) => describe(find(account, input.name)),

  UpdateDimension: (account, input) => {
    const dimension = find(account, input.name)
    dimension.stringValues = input.stringValues as string[]
    dimension.changedAt = secondsNow(account)
    return describe(dimension)
  },

  DeleteDimension: (account, input) => {
    const name = String(input.name)
    const users = usersOf(account, ({ metricDimension }) => metricDimension?.dimensionName === name)
    if (users.length > 0) throw invalid(`Dimension ${name} is used by security profiles ${users}.`)
    const dimension = account.dimensions.get(name)
    if (dimension !== undefined) account.tags.delete(dimension.arn)
    account.dimensions.delete(name)
    return {}
  },

  ListDimensions: (account, input) => {
    const { entries, next } = page(account, 'dimensions', [...account.dimensions.keys()].sort(), input)
    return { dimensionNames: entries, ...next }
  },
}

function find(account: Account, name: unknown): StoredDimension {
  const dimension = account.dimensions.get(String(name))
  if (dimension === undefined) throw notFound(`Dimension ${name}`)
  return dimension
}

const describe = ({ name, arn, type, stringValues, createdAt, changedAt }: StoredDimension) => ({
  name,
  arn,
  type,
  stringValues,
  creationDate: createdAt,
  lastModifiedDate: changedAt,
})
