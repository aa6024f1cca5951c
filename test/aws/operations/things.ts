/** Things, their certificates, and the policies of AWS IoT on them. Source: iot API reference, the operations' pages. */
import { type Account, type Input, secondsNow } from '../account.ts'
import { AwsError, notFound } from '../error.ts'
import { page } from '../page.ts'
import { addThing, type StoredThing } from '../registry.ts'
import type { Operations } from './operation.ts'
import { findThing } from './thing-groups.ts'

export const thingOperations: Operations = {
  CreateThing: (account, input) => {
    const name = String(input.thingName)
    const payload = (input.attributePayload ?? {}) as { attributes?: Record<string, string> }
    const attributes = payload.attributes ?? {}
    const typeName = input.thingTypeName === undefined ? undefined : String(input.thingTypeName)
    const known = account.registry.things.get(name)
    if (known !== undefined) {
      // The same request again is answered as the first was.
      if (known.typeName === typeName && JSON.stringify(known.attributes) === JSON.stringify(attributes)) {
        return identity(known)
      }
      throw new AwsError('ResourceAlreadyExistsException', `Thing ${name} already exists.`, {
        resourceId: name,
        resourceArn: known.arn,
      })
    }
    return identity(addThing(account, { name, attributes, ...(typeName === undefined ? {} : { typeName }) }))
  },

  DescribeThing: (account, input) => {
    const thing = findThing(account, input.thingName)
    return {
      ...identity(thing),
      defaultClientId: thing.name,
      ...(thing.typeName === undefined ? {} : { thingTypeName: thing.typeName }),
      attributes: thing.attributes,
      version: 1,
    }
  },

  ListThingPrincipals: (account, input) => {
    const thing = findThing(account, input.thingName)
    const { entries, next } = page(account, `principals of ${thing.name}`, [...thing.principals], input)
    return { principals: entries, ...next }
  },

  ListAttachedPolicies: (account, input) => policiesOf(account, String(input.target), input),
  ListPrincipalPolicies: (account, input) => policiesOf(account, String(input.principal), input),

  GetPolicy: (account, input) => {
    const policy = account.iotPolicies.get(String(input.policyName))
    if (policy === undefined) throw notFound(`Policy ${input.policyName}`)
    return {
      policyName: policy.name,
      policyArn: policy.arn,
      policyDocument: policy.document,
      defaultVersionId: '1',
      creationDate: secondsNow(account),
      lastModifiedDate: secondsNow(account),
      generationId: '1',
    }
  },
}

/** These lists call their tokens markers, and their size otherwise. */
function policiesOf(account: Account, target: string, input: Input) {
  const all = [...account.iotPolicies.values()]
    .filter(({ targets }) => targets.has(target))
    .map(({ name, arn }) => ({ policyName: name, policyArn: arn }))
  const { entries, next } = page(account, 'policies', all, {
    ...(input.marker === undefined ? {} : { nextToken: input.marker }),
    ...(input.pageSize === undefined ? {} : { maxResults: input.pageSize }),
  })
  return { policies: entries, ...(next.nextToken === undefined ? {} : { nextMarker: next.nextToken }) }
}

const identity = ({ name, arn }: StoredThing) => ({
  thingName: name,
  thingArn: arn,
  thingId: `id-of-${name}`,
})
