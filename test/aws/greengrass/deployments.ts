/**
 * Deployments: a new one for a target is its next revision, takes the place of the one before, and goes to the core
 * devices by a job. Sources: greengrassv2 API reference, CreateDeployment and its neighbours; Greengrass developer
 * guide, "Revise deployments", "Cancel deployments", "Delete deployments", "Check deployment status".
 */
import { stateOf } from './components.ts'
import { conflict, missing, unfit } from './errors.ts'
import { emptyJob } from './jobs.ts'
import { newestFirst, type Operation, pageOf } from './operation.ts'
import { isVersion } from './recipe.ts'
import { type ComponentSpecification, type Greengrass, type StoredDeployment, seconds } from './state.ts'
import { setTags, tagsOf } from './tags.ts'
import { targetOf } from './target.ts'

/** What the service fills in. API reference, DeploymentPolicies and its members. */
const DEFAULT_POLICIES = {
  failureHandlingPolicy: 'ROLLBACK',
  componentUpdatePolicy: { timeoutInSeconds: 60, action: 'NOTIFY_COMPONENTS' },
  configurationValidationPolicy: { timeoutInSeconds: 60 },
}

export const deploymentOperations = {
  CreateDeployment: (greengrass, input) => {
    const { targetArn: target, tags, clientToken, ...content } = input
    const targetArn = String(target)
    const token = clientToken === undefined ? undefined : String(clientToken)
    const request = JSON.stringify(input)
    const before = [...greengrass.deployments.values()].find((each) => each.token === token)
    if (token !== undefined && before !== undefined) {
      if (before.request === request) return created(before)
      throw conflict('Deployment', before.deploymentId, 'The client token was used for another request.')
    }
    checkTargets(greengrass, targetArn, content.parentTargetArn)
    if (tags !== undefined && Object.keys(tags as object).length === 0) {
      throw unfit('Member must have length greater than or equal to 1', 'tags')
    }
    const components = (content.components ?? {}) as Readonly<Record<string, ComponentSpecification>>
    for (const [name, specification] of Object.entries(components)) check(greengrass, name, specification)
    const deployment = store(greengrass, { targetArn, content, components, request }, token)
    setTags(greengrass, deployment.arn, tags)
    greengrass.coreDevices.deploy(deployment)
    return created(deployment)
  },

  GetDeployment: (greengrass, input) => {
    const deployment = find(greengrass, input.deploymentId)
    const { deploymentPolicies, iotJobConfiguration = {}, components = {}, ...rest } = deployment.content
    return {
      ...rest,
      ...summary(greengrass, deployment),
      ...jobOf(deployment),
      components,
      deploymentPolicies: { ...DEFAULT_POLICIES, ...(deploymentPolicies as object) },
      iotJobConfiguration,
      tags: tagsOf(greengrass, deployment.arn),
    }
  },

  ListDeployments: (greengrass, input) => {
    const { targetArn, parentTargetArn, historyFilter } = input
    const found = newestFirst(greengrass.deployments.values()).filter(
      (deployment) =>
        (targetArn === undefined || deployment.targetArn === targetArn) &&
        (parentTargetArn === undefined || deployment.content.parentTargetArn === parentTargetArn) &&
        (historyFilter === 'ALL' || isLatest(greengrass, deployment)),
    )
    const list = ['deployments', targetArn, parentTargetArn, historyFilter].join(' ')
    const { entries, next } = pageOf(greengrass, list, found, input)
    return { deployments: entries.map((deployment) => summary(greengrass, deployment)), ...next }
  },

  CancelDeployment: (greengrass, input) => {
    const deployment = find(greengrass, input.deploymentId)
    if (deployment.status !== 'ACTIVE') {
      throw conflict(
        'Deployment',
        deployment.deploymentId,
        `Deployment [${deployment.deploymentId}] is ${deployment.status}.`,
      )
    }
    deployment.status = 'CANCELED'
    greengrass.coreDevices.cancel(deployment)
    return { message: 'SUCCESS' }
  },

  DeleteDeployment: (greengrass, input) => {
    const deployment = find(greengrass, input.deploymentId)
    if (deployment.status === 'ACTIVE') {
      throw conflict(
        'Deployment',
        deployment.deploymentId,
        `Deployment [${deployment.deploymentId}] is active; cancel it first.`,
      )
    }
    greengrass.deployments.delete(deployment.deploymentId)
    greengrass.tags.delete(deployment.arn)
    if (isLatest(greengrass, deployment)) greengrass.latest.delete(deployment.targetArn)
    return {}
  },
} satisfies Record<string, Operation>

const isLatest = ({ latest }: Greengrass, deployment: StoredDeployment) =>
  latest.get(deployment.targetArn) === deployment

function store(
  greengrass: Greengrass,
  wanted: Pick<StoredDeployment, 'targetArn' | 'content' | 'components' | 'request'>,
  token: string | undefined,
): StoredDeployment {
  const { targetArn } = wanted
  const revision = (greengrass.revisions.get(targetArn) ?? 0) + 1
  const deploymentId = idOf([...greengrass.revisions.values()].reduce((sum, count) => sum + count, 0) + 1)
  const createdMs = greengrass.account.nowMs()
  const deployment: StoredDeployment = {
    deploymentId,
    arn: `arn:aws:greengrass:${greengrass.account.region}:${greengrass.account.accountId}:deployments:${deploymentId}`,
    ...wanted,
    revisionId: String(revision),
    createdMs,
    ...(token === undefined ? {} : { token }),
    status: 'ACTIVE',
    ...(targetOf(targetArn)?.kind === 'thinggroup' ? { job: emptyJob(greengrass, deploymentId) } : {}),
  }
  const former = greengrass.latest.get(targetArn)
  if (former !== undefined) {
    if (former.status === 'ACTIVE') greengrass.coreDevices.cancel(former)
    former.status = 'INACTIVE'
  }
  greengrass.revisions.set(targetArn, revision)
  greengrass.deployments.set(deploymentId, deployment)
  greengrass.latest.set(targetArn, deployment)
  return deployment
}

/** Ids are counted, so that the same calls give the same ids. */
const idOf = (count: number) => `d0000000-0000-4000-8000-${String(count).padStart(12, '0')}`

function checkTargets({ account: { registry } }: Greengrass, targetArn: string, parent: unknown): void {
  const target = targetOf(targetArn)
  if (target === undefined) throw unfit(`[${targetArn}] is neither a thing nor a thing group`, 'targetArn')
  const isThing = target.kind === 'thing'
  if (!(isThing ? registry.things.has(target.name) : registry.groups.has(target.name))) {
    throw missing(isThing ? 'Thing' : 'ThingGroup', targetArn)
  }
  if (parent === undefined) return
  if (isThing) throw unfit('A subdeployment goes to a thing group', 'targetArn')
  const group = targetOf(String(parent))
  if (group === undefined || !registry.groups.has(group.name)) throw missing('ThingGroup', String(parent))
}

/**
 * A component that nobody has created here is taken to be AWS's or somebody else's, and to exist. The versions of one
 * that has been created must be there.
 */
function check(greengrass: Greengrass, name: string, specification: ComponentSpecification): void {
  const { componentVersion, configurationUpdate: { merge } = {} } = specification
  if (!isVersion(componentVersion)) {
    throw unfit(
      `Version [${componentVersion}] of component [${name}] is no semantic version`,
      `components.${name}.componentVersion`,
    )
  }
  if (merge !== undefined && !isJsonObject(merge)) {
    throw unfit(
      `The configuration update of component [${name}] is no JSON object`,
      `components.${name}.configurationUpdate.merge`,
    )
  }
  const own = [...greengrass.components.values()].filter((component) => component.name === name)
  const version = own.find((component) => component.version === componentVersion)
  if (own.length > 0 && (version === undefined || stateOf(greengrass, version) !== 'DEPLOYABLE')) {
    throw missing('ComponentVersion', `${name}:${componentVersion}`)
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function find({ deployments }: Greengrass, id: unknown): StoredDeployment {
  const deployment = deployments.get(String(id))
  if (deployment === undefined) throw missing('Deployment', String(id))
  return deployment
}

const jobOf = ({ job }: StoredDeployment) =>
  job === undefined ? {} : { iotJobId: job.jobId, iotJobArn: job.jobArn }

const created = (deployment: StoredDeployment) => ({
  deploymentId: deployment.deploymentId,
  ...jobOf(deployment),
})

function summary(greengrass: Greengrass, deployment: StoredDeployment) {
  const { targetArn, revisionId, deploymentId, createdMs, status } = deployment
  const { deploymentName, parentTargetArn } = deployment.content
  return {
    targetArn,
    revisionId,
    deploymentId,
    creationTimestamp: seconds(createdMs),
    deploymentStatus: status,
    isLatestForTarget: isLatest(greengrass, deployment),
    ...(deploymentName === undefined ? {} : { deploymentName }),
    ...(parentTargetArn === undefined ? {} : { parentTargetArn }),
  }
}
