/**
 * What an account lacks for publishing and deploying: a bucket for artifacts that is closed, encrypted and versioned, a
 * thing group, the devices' right to read the artifacts, and the rule that hands violations to SNS. Each is looked at
 * first; what is as it should be is left alone, and to a policy or a rule that is there only what it lacks is added.
 */
import type { RoleService } from '../../aws/iam.ts'
import type { IotRegistry } from '../../aws/iot-registry.ts'
import { mayBeDone } from '../../aws/problem.ts'
import type { ArtifactBucket, BucketSettings } from '../../aws/s3.ts'
import type { Caller } from '../../aws/sts.ts'
import { type PolicyDocument, policyDocument } from '../../doctor/policies/documents.ts'
import { stableJson } from '../../plan/stable-json.ts'
import { type Step, StepFailure, type StepPlan } from '../steps.ts'
import { withStatements } from './policy-union.ts'
import {
  isForRules,
  RULE_NAME,
  ruleDifferences,
  ruleRolePolicy,
  ruleTrust,
  violationsRule,
} from './violations-rule.ts'

export interface SetupWish {
  readonly bucketName: string
  readonly thingGroup?: string
  /** The name of the role to which reading the artifacts is allowed. */
  readonly tokenExchangeRole?: string
  readonly alerts?: AlertsWish
}

export interface AlertsWish {
  readonly topicArn: string
  /** A role that there is, or the name of one to make. */
  readonly role: { readonly arn: string } | { readonly create: string }
}

export interface SetupDoors {
  readonly caller: Caller
  readonly bucket: ArtifactBucket
  readonly registry: IotRegistry
  /** Opened only when a role is spoken of. */
  readonly openRoles: () => Promise<RoleService>
}

/** What one part of the wish comes to. */
interface Part {
  readonly steps?: readonly Step[]
  readonly unchanged?: readonly string[]
  readonly problems?: readonly string[]
}

const TAGS = { 'created-by': 'greengrass-defender' }
/** The inline policies that we put on roles; of other names we know nothing. */
const ARTIFACTS_POLICY = 'greengrass-defender-artifacts'
const ALERTS_POLICY = 'greengrass-defender-alerts'

export async function planSetup(wish: SetupWish, doors: SetupDoors): Promise<StepPlan> {
  const { accountId, region } = doors.caller
  const parts = [
    await planBucket(wish, doors),
    ...(wish.thingGroup === undefined ? [] : [await planGroup(wish.thingGroup, doors)]),
    ...(wish.tokenExchangeRole === undefined
      ? []
      : [await planReading(wish.tokenExchangeRole, wish.bucketName, doors)]),
    ...(wish.alerts === undefined ? [] : [await planAlerts(wish.alerts, doors)]),
  ]
  return {
    place: `account ${accountId}, ${region}`,
    steps: parts.flatMap(({ steps = [] }) => steps),
    unchanged: parts.flatMap(({ unchanged = [] }) => unchanged),
    notes: [],
    problems: parts.flatMap(({ problems = [] }) => problems),
  }
}

async function planBucket({ bucketName }: SetupWish, { bucket, caller }: SetupDoors): Promise<Part> {
  const found = await bucket.find()
  if (found !== undefined && found.region !== caller.region) {
    return {
      problems: [
        `the bucket ${bucketName} is in ${found.region}, and not in ${caller.region}: choose another name or region`,
      ],
    }
  }
  const settings = found === undefined ? NOTHING_SET : await bucket.settings()
  const steps = [
    ...(found === undefined ? [createBucketStep(bucketName, bucket, caller)] : []),
    ...settingSteps(bucketName, bucket, settings),
  ]
  return steps.length === 0
    ? { unchanged: [`bucket ${bucketName}: private, encrypted, versioned`] }
    : { steps }
}

const NOTHING_SET: BucketSettings = {
  isPrivate: false,
  isEncrypted: false,
  isVersioned: false,
  isTagged: false,
}

const createBucketStep = (name: string, bucket: ArtifactBucket, { region }: Caller): Step => ({
  action: 'create',
  subject: `bucket ${name} in ${region}`,
  carryOut: () =>
    unless(
      () => bucket.create(),
      // Ours by now: the request names the account.
      async () => (await bucket.find()) !== undefined,
    ),
})

function settingSteps(name: string, bucket: ArtifactBucket, settings: BucketSettings): Step[] {
  const step = (isDone: boolean, what: string, carryOut: () => Promise<void>): Step[] =>
    isDone ? [] : [{ action: 'update', subject: `bucket ${name}: ${what}`, carryOut }]
  return [
    ...step(settings.isPrivate, 'block all public access', () => bucket.makePrivate()),
    ...step(settings.isEncrypted, 'encrypt what is stored (AES-256)', () => bucket.encrypt()),
    ...step(settings.isVersioned, 'keep what is deleted (versioning)', () => bucket.makeVersioned()),
    ...step(settings.isTagged, `tag it ${tagsText(TAGS)}`, () => bucket.tag(TAGS)),
  ]
}

const tagsText = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')

async function planGroup(name: string, { registry }: SetupDoors): Promise<Part> {
  if (await registry.hasThingGroup(name)) return { unchanged: [`thing group ${name}`] }
  const carryOut = () =>
    unless(
      () => registry.createThingGroup(name, TAGS),
      () => registry.hasThingGroup(name),
    )
  return { steps: [{ action: 'create', subject: `thing group ${name}`, carryOut }] }
}

async function planReading(roleName: string, bucket: string, doors: SetupDoors): Promise<Part> {
  const roles = await doors.openRoles()
  if ((await roles.role(roleName)) === undefined) {
    return {
      problems: [`there is no role ${roleName}: the Greengrass installer makes it, or "aws iam create-role"`],
    }
  }
  const document = policyDocument('token-exchange-role', { ...doors.caller, bucket, roleAlias: '' })
  return planInlinePolicy(roleName, ARTIFACTS_POLICY, document, roles, 'read the artifacts')
}

/** @param purpose what it allows */
async function planInlinePolicy(
  roleName: string,
  policyName: string,
  wanted: PolicyDocument,
  roles: RoleService,
  purpose: string,
  isRoleNew = false,
): Promise<Part> {
  const existing = isRoleNew ? undefined : await roles.inlinePolicy(roleName, policyName)
  const subject = `policy ${policyName} of the role ${roleName}: ${purpose}`
  const document = existing === undefined ? wanted : withStatements(existing, wanted)
  if (document === undefined) return { unchanged: [subject] }
  return {
    steps: [
      {
        action: existing === undefined ? 'create' : 'update',
        subject,
        details: wanted.Statement.map(
          ({ Action, Resource }) => `allow ${Action.join(', ')} on ${Resource.join(', ')}`,
        ),
        content: stableJson(document),
        carryOut: async () => {
          if ((await roles.inlinePolicy(roleName, policyName)) !== existing) throw changedMeanwhile(subject)
          await roles.putInlinePolicy(roleName, policyName, document)
        },
      },
    ],
  }
}

/** These are written whole: what was added since the plan was made would be gone. */
const changedMeanwhile = (subject: string) =>
  new StepFailure('changed', `${subject} was changed by somebody else since the plan was made`)

async function planAlerts({ topicArn, role }: AlertsWish, doors: SetupDoors): Promise<Part> {
  const { partition, region, accountId } = doors.caller
  const topicRegion = topicArn.split(':')[3]
  if (topicRegion !== region) {
    return { problems: [`the SNS topic is in ${topicRegion}, and a rule in ${region} cannot reach it`] }
  }
  if ('arn' in role) return planRule(topicArn, role.arn, doors.registry)

  const roles = await doors.openRoles()
  const existing = await roles.role(role.create)
  if (existing !== undefined && !isForRules(existing.trust)) {
    return {
      problems: [
        `the role ${role.create} is there already, and others than AWS IoT may assume it: choose another name, or give it with --role-arn if that is meant`,
      ],
    }
  }
  const roleArn = existing?.arn ?? `arn:${partition}:iam::${accountId}:role/${role.create}`
  const rolePart = await planRole(role.create, existing === undefined, topicArn, roles, doors.caller)
  const rulePart = await planRule(topicArn, roleArn, doors.registry)
  return {
    steps: [...(rolePart.steps ?? []), ...(rulePart.steps ?? [])],
    unchanged: [...(rolePart.unchanged ?? []), ...(rulePart.unchanged ?? [])],
  }
}

async function planRole(
  name: string,
  isNew: boolean,
  topicArn: string,
  roles: RoleService,
  caller: Caller,
): Promise<Part> {
  const create: Step = {
    action: 'create',
    subject: `role ${name}, for rules of AWS IoT`,
    content: stableJson(ruleTrust(caller.accountId)),
    carryOut: () =>
      unless(
        async () => {
          await roles.createRole(name, ruleTrust(caller.accountId), 'Lets AWS IoT hand violations to SNS')
        },
        async () => {
          const found = await roles.role(name)
          return found !== undefined && isForRules(found.trust)
        },
      ),
  }
  const purpose = `publish to ${topicArn}`
  const policy = await planInlinePolicy(name, ALERTS_POLICY, ruleRolePolicy(topicArn), roles, purpose, isNew)
  return isNew
    ? { ...policy, steps: [create, ...(policy.steps ?? [])] }
    : { ...policy, unchanged: [`role ${name}`, ...(policy.unchanged ?? [])] }
}

async function planRule(topicArn: string, roleArn: string, registry: IotRegistry): Promise<Part> {
  const existing = await registry.topicRule(RULE_NAME)
  const wanted = violationsRule(topicArn, roleArn, existing)
  const subject = `topic rule ${RULE_NAME}: violations to ${topicArn}`
  const content = stableJson(wanted)
  if (existing === undefined) {
    const carryOut = () =>
      unless(
        () => registry.createTopicRule(RULE_NAME, wanted),
        async () => {
          const found = await registry.topicRule(RULE_NAME)
          return found !== undefined && ruleDifferences(found, wanted).length === 0
        },
      )
    return { steps: [{ action: 'create', subject, details: [wanted.sql], content, carryOut }] }
  }
  const details = ruleDifferences(existing, wanted)
  if (details.length === 0) return { unchanged: [subject] }
  const carryOut = async () => {
    if (stableJson(await registry.topicRule(RULE_NAME)) !== stableJson(existing))
      throw changedMeanwhile(subject)
    await registry.replaceTopicRule(RULE_NAME, wanted)
  }
  return { steps: [{ action: 'update', subject, details, content, carryOut }] }
}

/** Creates, and after a lost answer or when somebody was faster asks whether it is there. */
async function unless(create: () => Promise<void>, isThere: () => Promise<boolean>): Promise<void> {
  try {
    await create()
  } catch (error) {
    if (!mayBeDone(error) || !(await isThere())) throw error
  }
}
