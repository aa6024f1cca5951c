/**
 * A recipe's `accessControl`: what it permits, against what the component uses. Both directions count: a topic that
 * is not permitted fails on the device, and one that is permitted without need is a door left open.
 *
 * Source: "AWS IoT Greengrass Core IPC", authorization policies (developer guide): `*` stands for any characters,
 * and in the resources of topics MQTT's `+` and `#` are taken too.
 */
import type { RecipeReader } from './nodes.ts'

type Service = 'aws.greengrass.ipc.mqttproxy' | 'aws.greengrass.ipc.pubsub'

/** One topic that the component uses, with some name in the place of the thing's. */
export interface TopicUse {
  readonly service: Service
  readonly operation: string
  readonly topic: string
}

const OPERATIONS: Readonly<Record<Service, readonly string[]>> = {
  'aws.greengrass.ipc.mqttproxy': ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'],
  'aws.greengrass.ipc.pubsub': ['aws.greengrass#PublishToTopic', 'aws.greengrass#SubscribeToTopic'],
}

interface Permission {
  readonly service: Service
  readonly operation: string
  readonly resource: string
  readonly node: unknown
}

export function checkAccessControl(
  reader: RecipeReader,
  node: unknown,
  componentName: string,
  topicsUsed: readonly TopicUse[] | undefined,
): void {
  const permissions = node === undefined ? [] : readPermissions(reader, node, componentName)
  if (topicsUsed !== undefined) compare(reader, node, permissions, topicsUsed)
}

function readPermissions(reader: RecipeReader, node: unknown, componentName: string): Permission[] {
  const services = reader.knownEntries(node, 'accessControl', Object.keys(OPERATIONS))
  const ids = new Set<string>()
  const permissions: Permission[] = []
  for (const [service, { value }] of services) {
    if (!isService(service)) continue
    for (const { key: id, keyNode, value: policy } of reader.entries(value, service)) {
      // Ids are unique on the whole device: a second component's policy of the same id takes the place of the first.
      if (!id.startsWith(`${componentName}:`))
        reader.error(keyNode, `policy ${id} does not begin with "${componentName}:"`)
      if (ids.has(id)) reader.error(keyNode, `there is another policy ${id}; ids are unique on the device`)
      ids.add(id)
      permissions.push(...readPolicy(reader, service, id, policy))
    }
  }
  return permissions
}

function readPolicy(reader: RecipeReader, service: Service, id: string, node: unknown): Permission[] {
  const policy = reader.knownEntries(node, `policy ${id}`, ['policyDescription', 'operations', 'resources'])
  for (const part of ['policyDescription', 'operations', 'resources']) {
    if (!policy.has(part)) reader.error(node, `policy ${id} has no ${part}`)
  }
  const operations = readWords(reader, policy.get('operations')?.value, `operations of ${id}`)
  for (const { word, node: at } of operations) {
    if (!OPERATIONS[service].includes(word)) {
      reader.error(
        at,
        `${JSON.stringify(word)} is not an operation of ${service}: ${OPERATIONS[service].join(', ')}`,
      )
    }
  }
  const resources = readWords(reader, policy.get('resources')?.value, `resources of ${id}`)
  for (const { word, node: at } of resources) checkResource(reader, word, at)
  return operations.flatMap(({ word: operation }) =>
    resources.map(({ word: resource, node: at }) => ({ service, operation, resource, node: at })),
  )
}

function readWords(reader: RecipeReader, node: unknown, what: string): { word: string; node: unknown }[] {
  if (node === undefined) return []
  return reader.members(node, what).flatMap((member) => {
    const word = reader.string(member, `member of ${what}`)
    return word === undefined ? [] : [{ word, node: member }]
  })
}

function checkResource(reader: RecipeReader, resource: string, node: unknown): void {
  if (resource === '') reader.error(node, 'a resource is empty')
  else if (/^[*#]$/.test(resource)) reader.error(node, `resource ${resource} permits every topic`)
  else if (/\?|\$\{/.test(resource)) {
    reader.error(node, `resource ${resource}: nucleus lite refuses deployments with ? and $\{ in resources`)
  } else if (/[{}]/.test(resource)) {
    reader.error(
      node,
      `resource ${resource}: the classic nucleus puts nothing in the place of variables here by default`,
    )
  }
}

function compare(
  reader: RecipeReader,
  node: unknown,
  permissions: readonly Permission[],
  used: readonly TopicUse[],
): void {
  const covers = (permission: Permission, use: TopicUse) =>
    permission.service === use.service &&
    permission.operation === use.operation &&
    resourceMatches(permission.resource, use.topic)
  for (const use of used) {
    if (!permissions.some((permission) => covers(permission, use))) {
      reader.error(node, `${use.operation} on ${use.topic} is used, and not permitted by accessControl`)
    }
  }
  for (const permission of permissions) {
    if (!used.some((use) => covers(permission, use))) {
      reader.error(
        permission.node,
        `${permission.operation} on ${permission.resource} is permitted, and not used`,
      )
    }
  }
}

/** `*` is any characters, `+` one level of a topic, `#` at the end all further levels. */
export function resourceMatches(resource: string, topic: string): boolean {
  const pattern = resource
    .split(/(\*|\+|\/#$|^#$)/)
    .map((part) => WILDCARDS[part] ?? part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('')
  return new RegExp(`^${pattern}$`, 's').test(topic)
}

const WILDCARDS: Readonly<Record<string, string>> = { '*': '.*', '+': '[^/]*', '/#': '(/.*)?', '#': '.*' }

const isService = (name: string): name is Service => Object.hasOwn(OPERATIONS, name)
