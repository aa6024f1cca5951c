/** Thing groups and who is in them. Source: iot API reference, CreateThingGroup and its neighbours. */
import { type Account, arnOf, type Input, setTags } from '../account.ts'
import { AwsError, invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import {
  addThingGroup,
  ancestorsOf,
  join,
  leave,
  type StoredThing,
  type StoredThingGroup,
  thingsIn,
} from '../registry.ts'
import type { Operations } from './operation.ts'

/** General Reference, quotas of AWS IoT Core, thing groups; none is adjustable. */
const DEPTH_MAX = 7
const GROUPS_PER_THING_MAX = 10

export const thingGroupOperations: Operations = {
  CreateThingGroup: (account, input) => {
    const name = String(input.thingGroupName)
    const parent = input.parentGroupName === undefined ? undefined : String(input.parentGroupName)
    const properties = (input.thingGroupProperties ?? {}) as Input
    const known = account.registry.groups.get(name)
    if (known !== undefined) {
      // The same request again is answered as the first was.
      if (known.parent === parent && JSON.stringify(known.properties) === JSON.stringify(properties)) {
        return identity(known)
      }
      throw new AwsError('ResourceAlreadyExistsException', `Thing group ${name} already exists.`, {
        resourceId: name,
        resourceArn: known.arn,
      })
    }
    if (parent !== undefined && ancestorsOf(account, findGroup(account, parent)).length + 2 > DEPTH_MAX) {
      throw invalid(`Thing groups can be at most ${DEPTH_MAX} levels deep`)
    }
    const group = addThingGroup(account, { name, ...(parent === undefined ? {} : { parent }), properties })
    setTags(account, group.arn, input.tags)
    return identity(group)
  },

  DescribeThingGroup: (account, input) => {
    const group = findGroup(account, input.thingGroupName)
    return {
      ...identity(group),
      version: 1,
      thingGroupProperties: group.properties,
      thingGroupMetadata: {
        ...(group.parent === undefined ? {} : { parentGroupName: group.parent }),
        rootToParentThingGroups: ancestorsOf(account, group).map(nameAndArn),
        creationDate: group.createdAt,
      },
    }
  },

  DeleteThingGroup: (account, input) => {
    const group = account.registry.groups.get(String(input.thingGroupName))
    if (group === undefined) return {}
    if ([...account.registry.groups.values()].some(({ parent }) => parent === group.name)) {
      throw invalid(`Thing group ${group.name} has child groups`)
    }
    for (const name of [...group.things]) leave(account, findThing(account, name), group)
    account.registry.groups.delete(group.name)
    account.tags.delete(group.arn)
    return {}
  },

  ListThingGroups: (account, input) => {
    const { namePrefixFilter: prefix = '', parentGroup } = input
    const isBelow = (group: StoredThingGroup) =>
      input.recursive === false
        ? group.parent === parentGroup
        : parentGroup === undefined || ancestorsOf(account, group).some(({ name }) => name === parentGroup)
    const all = [...account.registry.groups.values()]
      .filter((group) => group.name.startsWith(String(prefix)) && isBelow(group))
      .map(nameAndArn)
    const { entries, next } = page(account, 'thing groups', all, input)
    return { thingGroups: entries, ...next }
  },

  ListThingsInThingGroup: (account, input) => {
    const { name } = findGroup(account, input.thingGroupName)
    const all = thingsIn(account, name, input.recursive === true)
    const { entries, next } = page(account, `things of ${name}`, all, input)
    return { things: entries, ...next }
  },

  ListThingGroupsForThing: (account, input) => {
    const thing = findThing(account, input.thingName)
    const all = [...thing.groups].map((name) => nameAndArn(findGroup(account, name)))
    const { entries, next } = page(account, `groups of ${thing.name}`, all, input)
    return { thingGroups: entries, ...next }
  },

  AddThingToThingGroup: (account, input) => {
    const [thing, group] = membership(account, input)
    if (thing.groups.has(group.name)) return {}
    if (thing.groups.size >= GROUPS_PER_THING_MAX) {
      throw invalid(`Thing ${thing.name} is in ${GROUPS_PER_THING_MAX} groups already`)
    }
    if (
      [...thing.groups].some((name) => rootOf(account, findGroup(account, name)) === rootOf(account, group))
    ) {
      throw invalid(`Thing ${thing.name} is in another group of the hierarchy of ${group.name}`)
    }
    join(account, thing, group)
    return {}
  },

  RemoveThingFromThingGroup: (account, input) => {
    const [thing, group] = membership(account, input)
    if (thing.groups.has(group.name)) leave(account, thing, group)
    return {}
  },
}

export function findGroup({ registry }: Account, name: unknown): StoredThingGroup {
  const group = registry.groups.get(String(name))
  if (group === undefined) throw notFound(`Thing group ${name}`)
  return group
}

export function findThing({ registry }: Account, name: unknown): StoredThing {
  const thing = registry.things.get(String(name))
  if (thing === undefined) throw notFound(`Thing ${name}`)
  return thing
}

/** Thing and group of a request that names each by its name, its ARN, or both. */
function membership(account: Account, input: Input): [StoredThing, StoredThingGroup] {
  const nameOf = (kind: string, name: unknown, arn: unknown): unknown => {
    const prefix = arnOf(account, `${kind}/`)
    const ofArn = typeof arn === 'string' && arn.startsWith(prefix) ? arn.slice(prefix.length) : undefined
    if (arn !== undefined && (ofArn === undefined || (name !== undefined && name !== ofArn))) {
      throw invalid(`${arn} is not the ARN of ${kind} ${name ?? ''}`)
    }
    if (name === undefined && ofArn === undefined) throw invalid(`A ${kind} must be named`)
    return name ?? ofArn
  }
  return [
    findThing(account, nameOf('thing', input.thingName, input.thingArn)),
    findGroup(account, nameOf('thinggroup', input.thingGroupName, input.thingGroupArn)),
  ]
}

/** Developer guide, "Add a thing to a static thing group": not to two groups that share an ancestor. */
const rootOf = (account: Account, group: StoredThingGroup) =>
  ancestorsOf(account, group)[0]?.name ?? group.name

const nameAndArn = ({ name, arn }: StoredThingGroup) => ({ groupName: name, groupArn: arn })

const identity = ({ name, arn }: StoredThingGroup) => ({
  thingGroupName: name,
  thingGroupArn: arn,
  thingGroupId: `id-of-${name.replaceAll(/[^a-zA-Z0-9-]/g, '-')}`.slice(0, 128),
})
