/**
 * The least that has to be allowed, as policy documents: to operators for each kind of work, to the devices' role, and
 * to the devices themselves. Sources: Service Authorization Reference for each service; Greengrass developer guide,
 * "Minimal IAM policy for installer" and "Minimal AWS IoT policy for AWS IoT Greengrass V2 core devices".
 */
import { COMPONENT_NAME } from '../../component-name.ts'
import { deviceNeeds } from '../device-needs.ts'

export interface PolicyPlace {
  readonly partition: string
  readonly region: string
  readonly accountId: string
  readonly bucket: string
  readonly roleAlias: string
  /** ARN of the SNS topic that violations go to. */
  readonly snsTopic?: string
}

interface Statement {
  readonly Sid?: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?: object
}

export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

export const POLICY_NAMES = [
  'setup',
  'publish',
  'rollout',
  'read',
  'profiles',
  'violations',
  'token-exchange-role',
  'thing',
] as const
export type PolicyName = (typeof POLICY_NAMES)[number]

/** What each is for, in a line. */
export const POLICY_TITLES: Readonly<Record<PolicyName, string>> = {
  setup: 'IAM policy of the operator who runs "defender setup"',
  publish: 'IAM policy of the operator or pipeline that runs "defender publish"',
  rollout: 'IAM policy of the operator or pipeline that runs "defender rollout" and "defender rollback"',
  read: 'IAM policy for "defender status" of a fleet and "defender doctor", which change nothing',
  profiles: 'IAM policy of the operator who runs "defender profiles plan", "apply" and the like',
  violations: 'IAM policy of the operator who looks into violations and acts on them',
  'token-exchange-role': "IAM policy of the devices' token exchange role",
  thing: "AWS IoT policy of the devices' certificates",
}

/** Those that speak of the bucket of the artifacts; for the others nobody has to name it. */
export const POLICIES_OF_THE_BUCKET: ReadonlySet<PolicyName> = new Set([
  'setup',
  'publish',
  'read',
  'token-exchange-role',
])

export function policyDocument(name: PolicyName, place: PolicyPlace): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements[name](place) }
}

const statements: Readonly<Record<PolicyName, (place: PolicyPlace) => Statement[]>> = {
  setup: (place) => [
    allow('Bucket', SETUP_BUCKET, [bucketArn(place)]),
    allow(
      'ThingGroup',
      ['iot:CreateThingGroup', 'iot:DescribeThingGroup', 'iot:TagResource'],
      [iot(place, 'thinggroup/*')],
    ),
    allow('Rules', ['iot:ListTopicRules'], ['*']),
    allow(
      'Rule',
      ['iot:CreateTopicRule', 'iot:GetTopicRule', 'iot:ReplaceTopicRule'],
      [iot(place, 'rule/greengrass_defender_*')],
    ),
    allow(
      'Roles',
      ['iam:CreateRole', 'iam:GetRole', 'iam:GetRolePolicy', 'iam:PutRolePolicy'],
      [`arn:${place.partition}:iam::${place.accountId}:role/*`],
    ),
    {
      ...allow('RoleOfTheRule', ['iam:PassRole'], [`arn:${place.partition}:iam::${place.accountId}:role/*`]),
      Condition: { StringEquals: { 'iam:PassedToService': 'iot.amazonaws.com' } },
    },
  ],

  publish: (place) => [
    allow('Bucket', ['s3:ListBucket'], [bucketArn(place)]),
    allow('Artifacts', ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], [objectsArn(place)]),
    allow('Components', PUBLISH_COMPONENTS, [greengrass(place, `components:${OUR_COMPONENTS}`)]),
  ],

  rollout: (place) => [
    // Greengrass makes and ends the job behind a deployment in the name of whoever asks for it.
    allow('Deployments', ROLLOUT_GREENGRASS, ['*']),
    allow('Jobs', ROLLOUT_IOT, [iot(place, '*')]),
    ...statements.read(place).filter(({ Sid }) => Sid?.startsWith('Fleet')),
  ],

  read: (place) => [
    allow('FleetDevices', READ_GREENGRASS, ['*']),
    allow('FleetRegistry', READ_FLEET_IOT, [iot(place, '*')]),
    allow('Policies', READ_POLICIES_IOT, ['*']),
    allow('Role', READ_IAM, [
      `arn:${place.partition}:iam::${place.accountId}:role/*`,
      `arn:${place.partition}:iam::${place.accountId}:policy/*`,
      // AWS's own managed policies have no account.
      `arn:${place.partition}:iam::aws:policy/*`,
    ]),
    allow('Bucket', READ_BUCKET, [bucketArn(place)]),
  ],

  profiles: () => [allow('Detect', PROFILES, ['*'])],

  violations: () => [allow('Violations', VIOLATIONS, ['*'])],

  'token-exchange-role': (place) => [allow('Artifacts', ['s3:GetObject'], [objectsArn(place)])],

  thing: (place) => thingStatements(place),
}

/** AWS IoT replaces it by the name of the thing that the certificate is attached to. */
const THING_NAME = '$'.concat('{iot:Connection.Thing.ThingName}')

/** Few statements: the size of an AWS IoT policy is limited. Each action has one, with others of the same resources. */
function thingStatements(place: PolicyPlace): Statement[] {
  const resourcesOf = new Map<string, string[]>()
  for (const { action, resources } of deviceNeeds(THING_NAME, place.roleAlias, place)) {
    resourcesOf.set(action, [...new Set([...(resourcesOf.get(action) ?? []), ...resources])])
  }
  const actionsOf = new Map<string, string[]>()
  for (const [action, resources] of resourcesOf) {
    const key = JSON.stringify(resources)
    actionsOf.set(key, [...(actionsOf.get(key) ?? []), action])
  }
  return [...actionsOf].map(([resources, Action]) => ({
    Effect: 'Allow',
    Action,
    Resource: JSON.parse(resources) as string[],
  }))
}

const allow = (Sid: string, Action: readonly string[], Resource: readonly string[]): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
})

/** All variants of the component. */
const OUR_COMPONENTS = `${COMPONENT_NAME}*`

const bucketArn = ({ partition, bucket }: PolicyPlace) => `arn:${partition}:s3:::${bucket}`
const objectsArn = (place: PolicyPlace) => `${bucketArn(place)}/${OUR_COMPONENTS}`
const iot = ({ partition, region, accountId }: PolicyPlace, resource: string) =>
  `arn:${partition}:iot:${region}:${accountId}:${resource}`
const greengrass = ({ partition, region, accountId }: PolicyPlace, resource: string) =>
  `arn:${partition}:greengrass:${region}:${accountId}:${resource}`

const SETUP_BUCKET = [
  's3:CreateBucket',
  's3:ListBucket',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketTagging',
  's3:GetBucketVersioning',
  's3:GetEncryptionConfiguration',
  's3:PutBucketOwnershipControls',
  's3:PutBucketPublicAccessBlock',
  's3:PutBucketTagging',
  's3:PutBucketVersioning',
  's3:PutEncryptionConfiguration',
]

const PUBLISH_COMPONENTS = [
  'greengrass:CreateComponentVersion',
  'greengrass:DeleteComponent',
  'greengrass:DescribeComponent',
  'greengrass:GetComponent',
  'greengrass:ListComponentVersions',
  'greengrass:TagResource',
]

const ROLLOUT_GREENGRASS = [
  'greengrass:CreateDeployment',
  'greengrass:GetDeployment',
  'greengrass:ListDeployments',
  'greengrass:ListTagsForResource',
  'greengrass:TagResource',
]

/** Developer guide, "Minimal IAM policy": what CreateDeployment does through AWS IoT. */
const ROLLOUT_IOT = [
  'iot:CancelJob',
  'iot:CreateJob',
  'iot:DeleteThingShadow',
  'iot:GetThingShadow',
  'iot:UpdateJob',
  'iot:UpdateThingShadow',
]

const READ_GREENGRASS = [
  'greengrass:GetCoreDevice',
  'greengrass:ListComponentVersions',
  'greengrass:ListCoreDevices',
  'greengrass:ListEffectiveDeployments',
  'greengrass:ListInstalledComponents',
  'greengrass:ListDeployments',
  'greengrass:GetDeployment',
  'greengrass:ListTagsForResource',
]

const READ_FLEET_IOT = [
  'iot:DescribeJob',
  'iot:DescribeThing',
  'iot:DescribeThingGroup',
  'iot:ListThingsInThingGroup',
]

const READ_POLICIES_IOT = [
  'iot:DescribeRoleAlias',
  'iot:GetPolicy',
  'iot:ListAttachedPolicies',
  'iot:ListThingGroupsForThing',
  'iot:ListThingPrincipals',
]

const READ_IAM = [
  'iam:GetPolicy',
  'iam:GetPolicyVersion',
  'iam:GetRolePolicy',
  'iam:ListAttachedRolePolicies',
  'iam:ListRolePolicies',
  'iam:SimulatePrincipalPolicy',
]

const READ_BUCKET = [
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketTagging',
  's3:GetBucketVersioning',
  's3:GetEncryptionConfiguration',
  's3:ListBucket',
]

const PROFILES = [
  'iot:AttachSecurityProfile',
  'iot:CreateCustomMetric',
  'iot:CreateDimension',
  'iot:CreateMitigationAction',
  'iot:CreateSecurityProfile',
  'iot:DeleteCustomMetric',
  'iot:DeleteDimension',
  'iot:DeleteSecurityProfile',
  'iot:DescribeCustomMetric',
  'iot:DescribeDimension',
  'iot:DescribeMitigationAction',
  'iot:DescribeSecurityProfile',
  'iot:DescribeThingGroup',
  'iot:DetachSecurityProfile',
  'iot:ListCustomMetrics',
  'iot:ListDimensions',
  'iot:ListSecurityProfiles',
  'iot:ListTagsForResource',
  'iot:ListTargetsForSecurityProfile',
  'iot:TagResource',
  'iot:UntagResource',
  'iot:UpdateCustomMetric',
  'iot:UpdateDimension',
  'iot:UpdateMitigationAction',
  'iot:UpdateSecurityProfile',
  'iot:ValidateSecurityProfileBehaviors',
]

const VIOLATIONS = [
  'iot:AddThingToThingGroup',
  'iot:CancelDetectMitigationActionsTask',
  'iot:DescribeDetectMitigationActionsTask',
  'iot:ListActiveViolations',
  'iot:ListDetectMitigationActionsExecutions',
  'iot:ListDetectMitigationActionsTasks',
  'iot:ListMetricValues',
  'iot:ListSecurityProfiles',
  'iot:ListViolationEvents',
  'iot:PutVerificationStateOnViolation',
  'iot:RemoveThingFromThingGroup',
  'iot:StartDetectMitigationActionsTask',
]
