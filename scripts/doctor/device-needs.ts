/**
 * What a core device must be allowed, so that it takes deployments and our reports and violations come through. One
 * list: `defender doctor` tests the policies of a thing against it, `defender policies` writes one from it.
 *
 * Sources: Greengrass developer guide, "Minimal AWS IoT policy for AWS IoT Greengrass V2 core devices"; our own topics.
 */
import { ownTopics, reportTopics } from '../../src/report/topics.ts'
import type { Caller } from '../aws/sts.ts'
import { COMPONENT_NAME } from '../component-name.ts'

export interface DeviceNeed {
  /** What fails without it. */
  readonly purpose: string
  readonly action: string
  /** As a policy has them: with wildcards, since AWS IoT takes 2,048 characters of a policy. */
  readonly resources: readonly string[]
  /** What a device will really ask for, where that is not the same. */
  readonly probes?: readonly string[]
}

type Place = Pick<Caller, 'partition' | 'region' | 'accountId'>

/** @param thingName a thing's, or what stands for it in a policy */
export function deviceNeeds(thingName: string, roleAlias: string, place: Place): DeviceNeed[] {
  const { partition, region, accountId } = place
  const iot = (resource: string) => `arn:${partition}:iot:${region}:${accountId}:${resource}`
  const greengrass = (resource: string) => `arn:${partition}:greengrass:${region}:${accountId}:${resource}`
  const topic = (name: string) => iot(`topic/${name}`)
  const filter = (name: string) => iot(`topicfilter/${name}`)
  // The functions take names of things only, and a policy's variable is none.
  const here = (text: string) => text.replace(SOME_THING, () => thingName)
  const formats = (['json', 'cbor'] as const).map((format) => reportTopics(SOME_THING, format))
  const reports = formats.map(({ publish }) => here(publish))
  const replies = formats.flatMap(({ accepted, rejected }) => [accepted, rejected]).map(here)
  const metrics = [`$aws/things/${thingName}/defender/metrics/*`]
  const own = Object.values(ownTopics(SOME_THING)).map(here)
  const ofThing = (topics: readonly string[]) => topics.map((rest) => `$aws/things/${thingName}${rest}`)
  const [told, tells] = [ofThing(NUCLEUS_TOLD), ofThing(NUCLEUS_TELLS)]
  const [toldProbes, tellProbes] = [ofThing(NUCLEUS_TOLD_PROBES), ofThing(NUCLEUS_TELLS_PROBES)]
  return [
    {
      purpose: 'the connection',
      action: 'iot:Connect',
      resources: [iot(`client/${thingName}*`)],
      probes: [iot(`client/${thingName}`)],
    },
    {
      purpose: 'reports',
      action: 'iot:Publish',
      resources: metrics.map(topic),
      probes: reports.map(topic),
    },
    {
      purpose: 'replies to reports',
      action: 'iot:Subscribe',
      resources: metrics.map(filter),
      probes: replies.map(filter),
    },
    {
      purpose: 'replies to reports',
      action: 'iot:Receive',
      resources: metrics.map(topic),
      probes: replies.map(topic),
    },
    {
      purpose: 'violations, health and copies of reports',
      action: 'iot:Publish',
      resources: [topic(`greengrass-defender/${thingName}/*`)],
      probes: own.map(topic),
    },
    {
      purpose: 'deployments',
      action: 'iot:Publish',
      resources: [...told, ...tells].map(topic),
      probes: [...toldProbes, ...tellProbes].map(topic),
    },
    {
      purpose: 'deployments',
      action: 'iot:Subscribe',
      resources: told.map(filter),
      probes: toldProbes.map(filter),
    },
    {
      purpose: 'deployments',
      action: 'iot:Receive',
      resources: told.map(topic),
      probes: toldProbes.map(topic),
    },
    {
      purpose: 'artifacts',
      action: 'iot:AssumeRoleWithCertificate',
      resources: [iot(`rolealias/${roleAlias}`)],
    },
    { purpose: 'deployments', action: 'greengrass:ResolveComponentCandidates', resources: ['*'] },
    ...['greengrass:GetDeploymentConfiguration', 'greengrass:ListThingGroupsForCoreDevice'].map((action) => ({
      purpose: 'deployments',
      action,
      resources: ['*'],
      probes: [greengrass(`coreDevices:${thingName}`)],
    })),
    {
      purpose: 'artifacts',
      action: 'greengrass:GetComponentVersionArtifact',
      resources: ['*'],
      probes: [greengrass(`components:${COMPONENT_NAME}:versions:0.1.0`)],
    },
  ]
}

const SOME_THING = 'some-thing'

/** Jobs and shadows bring deployments, and are answered. */
const NUCLEUS_TOLD = ['*/jobs/*', '*/shadow/*']
const NUCLEUS_TOLD_PROBES = ['/jobs/notify-next', '/shadow/name/AWSManagedGreengrassV2Deployment/get']
/** Where the nucleus tells of its health. */
const NUCLEUS_TELLS = ['*/greengrass/health/json', '*/greengrassv2/health/json']
const NUCLEUS_TELLS_PROBES = ['/greengrassv2/health/json']
