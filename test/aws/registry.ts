/**
 * The registry of AWS IoT: things, their certificates, and thing groups in a tree. Source: AWS IoT Core developer guide,
 * "Static thing groups".
 */
import { type Account, arnOf, type Input, secondsNow } from './account.ts'

export interface Registry {
  readonly things: Map<string, StoredThing>
  readonly groups: Map<string, StoredThingGroup>
  /** Grows whenever a group gains or loses a thing. */
  membershipChanges: number
}

export interface StoredThing {
  readonly name: string
  readonly arn: string
  readonly attributes: Readonly<Record<string, string>>
  readonly typeName?: string
  /** ARNs of certificates. */
  readonly principals: Set<string>
  /** Names of the groups it was put in itself. */
  readonly groups: Set<string>
}

export interface StoredThingGroup {
  readonly name: string
  readonly arn: string
  readonly parent?: string
  readonly properties: Input
  readonly createdAt: number
  /** Names of the things put in this group itself, not in one below. */
  readonly things: Set<string>
}

export interface NewGroup {
  readonly name: string
  readonly parent?: string
  readonly properties?: Input
}

export function addThingGroup(
  account: Account,
  { name, parent, properties = {} }: NewGroup,
): StoredThingGroup {
  const group = {
    name,
    arn: arnOf(account, `thinggroup/${name}`),
    ...(parent === undefined ? {} : { parent }),
    properties,
    createdAt: secondsNow(account),
    things: new Set<string>(),
  }
  account.registry.groups.set(name, group)
  return group
}

export interface NewThing {
  readonly name: string
  /** Of groups that there are. */
  readonly groups?: readonly string[]
  readonly attributes?: Readonly<Record<string, string>>
  readonly typeName?: string
  readonly principals?: readonly string[]
}

export function addThing(account: Account, given: NewThing): StoredThing {
  const thing = {
    name: given.name,
    arn: arnOf(account, `thing/${given.name}`),
    attributes: given.attributes ?? {},
    ...(given.typeName === undefined ? {} : { typeName: given.typeName }),
    principals: new Set(given.principals),
    groups: new Set<string>(),
  }
  account.registry.things.set(given.name, thing)
  for (const group of given.groups ?? []) {
    const found = account.registry.groups.get(group)
    if (found === undefined) throw new Error(`no thing group ${group}`)
    join(account, thing, found)
  }
  return thing
}

export function join({ registry }: Account, thing: StoredThing, group: StoredThingGroup): void {
  thing.groups.add(group.name)
  group.things.add(thing.name)
  registry.membershipChanges += 1
}

export function leave({ registry }: Account, thing: StoredThing, group: StoredThingGroup): void {
  thing.groups.delete(group.name)
  group.things.delete(thing.name)
  registry.membershipChanges += 1
}

/** Names of the things in a group, each once. @param isRecursive with those in the groups below it */
export function thingsIn(account: Account, group: string, isRecursive: boolean): readonly string[] {
  const direct = account.registry.groups.get(group)?.things ?? []
  if (!isRecursive) return [...direct]
  const below = [...account.registry.groups.values()].filter(({ parent }) => parent === group)
  if (below.length === 0) return [...direct]
  return [...new Set([...direct, ...below.flatMap(({ name }) => thingsIn(account, name, true))])]
}

/** From the root down to the parent. */
export function ancestorsOf(account: Account, { parent }: StoredThingGroup): readonly StoredThingGroup[] {
  const found = parent === undefined ? undefined : account.registry.groups.get(parent)
  return found === undefined ? [] : [...ancestorsOf(account, found), found]
}
