/**
 * The nucleus's authorization: does the component's `accessControl` permit an operation on a resource?
 *
 * Sources: Greengrass developer guide, "Authorize components to perform interprocess communication operations";
 * classic's AuthorizationHandler and WildcardTrie; lite's ipc_authz.c and mqttproxy.c. The two differ in their
 * wildcards, so a policy that works on one may deny on the other; see `matcher`.
 */

import { isObject } from './json-object.ts'
import type { ModeName } from './modes.ts'

export interface AccessRequest {
  /** `aws.greengrass.ipc.mqttproxy`, `aws.greengrass.ipc.pubsub`, ... */
  readonly service: string
  /** With its namespace, as policies spell it: `aws.greengrass#PublishToIoTCore`. */
  readonly operation: string
  readonly resource: string
}

export interface AccessContext {
  readonly mode: ModeName
  readonly thingName: string
  /** The component's whole configuration; its member `accessControl` holds the policies. */
  readonly configuration: unknown
}

export function isPermitted(context: AccessContext, request: AccessRequest): boolean {
  return policiesOf(context.configuration, request.service).some(
    (policy) =>
      strings(policy, 'operations').some((name) => name === '*' || name === request.operation) &&
      strings(policy, 'resources').some((pattern) => matches(context, request, pattern)),
  )
}

/**
 * What lite refuses a deployment for: a bare `?` and a `${...}` that is not one escaped character.
 * Classic takes both as they are.
 */
export function policyFaults(mode: ModeName, configuration: unknown): string[] {
  if (mode === 'classic') return []
  const services = member(configuration, 'accessControl')
  if (!isObject(services)) return []
  const resources = Object.keys(services)
    .flatMap((service) => policiesOf(configuration, service))
    .flatMap((policy) => strings(policy, 'resources'))
  return resources
    .filter(isBadResource)
    .map((resource) => `accessControl: resource ${JSON.stringify(resource)}`)
}

const isBadResource = (resource: string) => /\?|\$\{/.test(resource.replaceAll(/\$\{[^}]\}/g, ''))

function policiesOf(configuration: unknown, service: string): unknown[] {
  const policies = member(member(configuration, 'accessControl'), service)
  return isObject(policies) ? Object.values(policies) : []
}

function matches(context: AccessContext, { service, resource }: AccessRequest, pattern: string): boolean {
  if (pattern === '*') return true
  if (context.mode === 'classic') return classicMatcher(pattern).test(resource)
  // Lite fills recipe variables in when it checks; classic leaves them as text unless the nucleus is configured to.
  const filled = pattern.replaceAll('{iot:thingName}', context.thingName)
  if (globMatcher(filled).test(resource)) return true
  return service === 'aws.greengrass.ipc.mqttproxy' && filterMatcher(filled).test(resource)
}

/**
 * Classic: `*` stands for any characters, `+` and `#` have their MQTT meaning where they fill a level (both may be
 * mixed with `*`), `${c}` is the character c itself.
 */
function classicMatcher(pattern: string): RegExp {
  const tokens = pattern.matchAll(
    /\$\{(?<escaped>[^}])\}|(?<star>\*)|(?<level>(?<=^|\/)\+(?=\/|$))|(?<rest>\/#$|^#$)|./gs,
  )
  let source = ''
  for (const { 0: text, groups } of tokens) {
    if (groups?.escaped !== undefined) source += literal(groups.escaped)
    else if (groups?.star !== undefined) source += '.*'
    else if (groups?.level !== undefined) source += '[^/]*'
    else if (groups?.rest !== undefined) source += text === '#' ? '.*' : '(?:/.*)?'
    else source += literal(text)
  }
  return new RegExp(`^${source}$`, 's')
}

/** Lite's general matcher: `*` stands for any characters, `${c}` is the character c itself, `+` and `#` are characters. */
function globMatcher(pattern: string): RegExp {
  let source = ''
  for (const { 0: text, groups } of pattern.matchAll(/\$\{(?<escaped>[^}]*)\}|(?<star>\*)|./gs)) {
    if (groups?.escaped !== undefined) source += literal(groups.escaped)
    else source += groups?.star === undefined ? literal(text) : '.*'
  }
  return new RegExp(`^${source}$`, 's')
}

/** Lite's second matcher, for IoT Core topics only: `+` is the rest of a level, `#` all that follows, `*` a character. */
function filterMatcher(pattern: string): RegExp {
  const beforeHash = pattern.split('#', 1)[0] ?? ''
  const source = beforeHash.split('+').map(literal).join('[^/]*(?=/|$)')
  return new RegExp(`^${source}${beforeHash === pattern ? '$' : ''}`, 's')
}

const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}

function strings(policy: unknown, name: string): string[] {
  const list = member(policy, name)
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
}
