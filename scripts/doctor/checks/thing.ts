/** One core device: known, alive, in its group, and allowed by the policies of its certificate what the agent needs. */
import { type AwsOptions, withOpen } from '../../aws/client.ts'
import { type FleetDevices, openFleetDevices } from '../../aws/fleet-devices.ts'
import { openIotRegistry } from '../../aws/iot-registry.ts'
import type { Caller } from '../../aws/sts.ts'
import { compareVersions } from '../../publish/version.ts'
import { formatDuration } from '../../render/numbers.ts'
import type { Check, Finding } from '../check.ts'
import { deviceNeeds } from '../device-needs.ts'
import { verdictOf } from '../policy-evaluation.ts'
import { USUAL_ROLE_ALIASES } from './role.ts'

export interface ThingQuestion {
  readonly thingName: string
  readonly thingGroup?: string
  readonly roleAlias?: string
  readonly nowMs: number
}

/** The policies that the certificates of a thing, and the groups that it is in, have. */
export interface ThingPolicies {
  readonly principals: readonly string[]
  readonly documents: readonly string[]
}

/** What several checks ask about one thing; AWS is asked once. */
export interface ThingAnswers {
  /** The names of the groups that it is in itself. */
  readonly groups: () => Promise<readonly string[]>
  readonly policies: () => Promise<ThingPolicies>
}

export function askThing(thingName: string, caller: Caller, aws: AwsOptions): ThingAnswers {
  const groups = once(() => withOpen(openIotRegistry(aws), (registry) => registry.groupsOf(thingName)))
  return { groups, policies: once(() => readPolicies(thingName, groups, caller, aws)) }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined
  return () => {
    asked ??= ask()
    return asked
  }
}

async function readPolicies(
  thingName: string,
  askGroups: ThingAnswers['groups'],
  { partition, region, accountId }: Caller,
  aws: AwsOptions,
): Promise<ThingPolicies> {
  return withOpen(openIotRegistry(aws), async (registry) => {
    const [principals, groups] = await Promise.all([registry.principalsOf(thingName), askGroups()])
    const groupArns = groups.map((name) => `arn:${partition}:iot:${region}:${accountId}:thinggroup/${name}`)
    const names = await Promise.all([...principals, ...groupArns].map((each) => registry.policiesOf(each)))
    const documents = await Promise.all(
      [...new Set(names.flat())].map((name) => registry.policyDocument(name)),
    )
    return { principals, documents: documents.filter((each) => each !== undefined) }
  })
}

/** The role aliases that the policies speak of; the usual ones if they speak of none, or of all. */
export function roleAliasesIn({ documents }: ThingPolicies): readonly string[] {
  const named = documents.flatMap((document) =>
    [...document.matchAll(/:rolealias\/([\w=,@-]+)"/g)].map(([, alias = '']) => alias),
  )
  return named.length === 0 ? USUAL_ROLE_ALIASES : [...new Set(named)]
}

export function thingChecks(
  question: ThingQuestion,
  { groups, policies }: ThingAnswers,
  caller: Caller,
  aws: AwsOptions,
): Check[] {
  const { thingName, thingGroup, nowMs } = question
  return [
    {
      name: 'thing',
      look: () => withOpen(openFleetDevices(aws), (fleet) => isCoreDevice(fleet, thingName, nowMs)),
    },
    { name: 'nucleus', look: () => withOpen(openFleetDevices(aws), (fleet) => nucleusOf(fleet, thingName)) },
    {
      name: 'thing policy',
      look: async () => mayAll(question, await policies(), caller),
    },
    {
      name: 'thing group',
      look: async () => isMember(await groups(), thingName, thingGroup),
    },
  ]
}

async function isCoreDevice(fleet: FleetDevices, thingName: string, nowMs: number): Promise<Finding> {
  const [arn, device] = await Promise.all([fleet.thingArn(thingName), fleet.coreDevice(thingName)])
  if (arn === undefined) {
    return {
      kind: 'fault',
      detail: `there is no thing ${thingName} in this account and region`,
      advice: 'Check the name and --region.',
    }
  }
  if (device === undefined) {
    return {
      kind: 'fault',
      detail: `${thingName} is a thing, and not a Greengrass core device`,
      advice: 'Install the Greengrass nucleus on it; it becomes a core device when it connects first.',
    }
  }
  const { statusAt, isHealthy } = device
  const age = statusAt === undefined ? '' : `, said ${formatDuration((nowMs - statusAt) / 1000)} ago`
  return isHealthy
    ? { kind: 'ok', detail: `${thingName} is a healthy core device${age}` }
    : {
        kind: 'fault',
        detail: `${thingName} is an unhealthy core device${age}: a component of it is broken`,
        advice: `See which: npx defender status --thing ${thingName}, and the logs on the device.`,
      }
}

/** The recipe depends on it; older ones lack what the agent asks for. */
const CLASSIC_MIN = '2.6.0'

async function nucleusOf(fleet: FleetDevices, thingName: string): Promise<Finding> {
  const components = await fleet.componentsOf(thingName)
  const classic = components.find(({ name }) => name === 'aws.greengrass.Nucleus')
  const lite = components.find(({ name }) => name === 'aws.greengrass.NucleusLite')
  if (classic !== undefined) {
    return compareVersions(classic.version, CLASSIC_MIN) >= 0
      ? { kind: 'ok', detail: `classic nucleus ${classic.version}` }
      : {
          kind: 'fault',
          detail: `classic nucleus ${classic.version}, and ${CLASSIC_MIN} is the least`,
          advice: 'Deploy a newer aws.greengrass.Nucleus first.',
        }
  }
  const device = lite === undefined ? await fleet.coreDevice(thingName) : undefined
  if (lite === undefined && device?.nucleus !== 'lite') {
    return { kind: 'unknown', detail: 'the device has not told which nucleus it has' }
  }
  return {
    kind: 'ok',
    detail: `nucleus lite${lite === undefined ? '' : ` ${lite.version}`}: it takes deployments to thing groups only`,
  }
}

function mayAll({ thingName, roleAlias }: ThingQuestion, policies: ThingPolicies, caller: Caller): Finding {
  if (policies.principals.length === 0) {
    return {
      kind: 'fault',
      detail: `${thingName} has no certificate attached`,
      advice: 'Attach its certificate to the thing: policies with thing variables apply only then.',
    }
  }
  const alias = roleAlias ?? roleAliasesIn(policies)[0] ?? ''
  const variables = {
    'iot:Connection.Thing.ThingName': thingName,
    'iot:ClientId': thingName,
    'iot:Connection.Thing.IsAttached': 'true',
  }
  const questions = deviceNeeds(thingName, alias, caller).flatMap(({ purpose, action, resources, probes }) =>
    (probes ?? resources).map((resource) => ({ purpose, action, resource })),
  )
  const judged = questions.map((question) => ({
    ...question,
    verdict: verdictOf(policies.documents, question.action, question.resource, variables),
  }))
  const missing = judged.filter(({ verdict }) => verdict === 'denied' || verdict === 'not-allowed')
  const conditional = judged.filter(({ verdict }) => verdict === 'conditional')
  if (missing.length > 0) {
    return {
      kind: 'fault',
      detail: `not allowed: ${missing.map(({ action, resource, purpose }) => `${action} on ${resource} (${purpose})`).join('; ')}`,
      advice: 'Add what "npx defender policies thing" prints to the policy of the certificate.',
    }
  }
  if (conditional.length > 0) {
    return {
      kind: 'unknown',
      detail: `allowed under conditions, which are not judged here: ${[...new Set(conditional.map(({ action }) => action))].join(', ')}`,
    }
  }
  return {
    kind: 'ok',
    detail: `its policies allow all that is needed (${questions.length} topics and actions)`,
  }
}

function isMember(groups: readonly string[], thingName: string, wanted: string | undefined): Finding {
  const list = groups.length === 0 ? 'no thing group' : groups.join(', ')
  if (wanted !== undefined && !groups.includes(wanted)) {
    return {
      kind: 'fault',
      detail: `${thingName} is in ${list}, and not in ${wanted}`,
      advice: `Put it there: aws iot add-thing-to-thing-group --thing-name ${thingName} --thing-group-name ${wanted}`,
    }
  }
  return groups.length === 0
    ? {
        kind: 'unknown',
        detail: `${thingName} is in no thing group: only a deployment to the thing itself reaches it`,
      }
    : { kind: 'ok', detail: `${thingName} is in ${list}` }
}
