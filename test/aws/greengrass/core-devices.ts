/**
 * What is known of core devices. Source: greengrassv2 API reference, ListCoreDevices, GetCoreDevice,
 * ListInstalledComponents, ListEffectiveDeployments.
 */
import { missing } from './errors.ts'
import { type Operation, pageOf } from './operation.ts'
import {
  type CoreDevice,
  type Execution,
  type Greengrass,
  type InstalledComponent,
  seconds,
} from './state.ts'
import { tagsOf } from './tags.ts'

export const coreDeviceOperations = {
  ListCoreDevices: (greengrass, input) => {
    const { thingGroupArn, status, runtime } = input
    const list = ['core devices', thingGroupArn, status, runtime].join(' ')
    const found = [...greengrass.coreDevices.all()].filter(
      (device) =>
        (thingGroupArn === undefined || device.hasDeployed(String(thingGroupArn))) &&
        (status === undefined || device.status() === status) &&
        (runtime === undefined || device.runtime === runtime),
    )
    const { entries, next } = pageOf(greengrass, list, found, input)
    return { coreDevices: entries.map(summary), ...next }
  },

  GetCoreDevice: (greengrass, input) => {
    const device = find(greengrass, input.coreDeviceThingName)
    return {
      ...summary(device),
      coreVersion: device.coreVersion,
      tags: tagsOf(greengrass, coreDeviceArn(greengrass, device.thingName)),
    }
  },

  DeleteCoreDevice: (greengrass, input) => {
    const { thingName } = find(greengrass, input.coreDeviceThingName)
    greengrass.coreDevices.remove(thingName)
    greengrass.tags.delete(coreDeviceArn(greengrass, thingName))
    return {}
  },

  ListInstalledComponents: (greengrass, input) => {
    const device = find(greengrass, input.coreDeviceThingName)
    const isAll = input.topologyFilter === 'ALL'
    const found = device.installed().filter(({ isRoot }) => isAll || isRoot)
    const { entries, next } = pageOf(greengrass, `components of ${device.thingName}`, found, input)
    return { installedComponents: entries.map(describeInstalled), ...next }
  },

  ListEffectiveDeployments: (greengrass, input) => {
    const device = find(greengrass, input.coreDeviceThingName)
    const { entries, next } = pageOf(
      greengrass,
      `deployments of ${device.thingName}`,
      device.executions(),
      input,
    )
    return { effectiveDeployments: entries.map(describeExecution), ...next }
  },
} satisfies Record<string, Operation>

const coreDeviceArn = ({ account: { region, accountId } }: Greengrass, name: string) =>
  `arn:aws:greengrass:${region}:${accountId}:coreDevices:${name}`

function find({ coreDevices }: Greengrass, name: unknown): CoreDevice {
  const device = coreDevices.find(String(name))
  if (device === undefined) throw missing('CoreDevice', String(name))
  return device
}

const summary = (device: CoreDevice) => ({
  coreDeviceThingName: device.thingName,
  status: device.status(),
  lastStatusUpdateTimestamp: seconds(device.statusMs()),
  platform: device.platform,
  architecture: device.architecture,
  runtime: device.runtime,
})

const describeInstalled = (component: InstalledComponent) => ({
  componentName: component.name,
  componentVersion: component.version,
  lifecycleState: component.state,
  isRoot: component.isRoot,
  lastStatusChangeTimestamp: seconds(component.changedMs),
  lastReportedTimestamp: seconds(component.reportedMs),
  ...(component.source === undefined ? {} : { lastInstallationSource: component.source }),
  ...(component.stateDetails === undefined ? {} : { lifecycleStateDetails: component.stateDetails }),
  ...(component.statusCodes === undefined ? {} : { lifecycleStatusCodes: component.statusCodes }),
})

const describeExecution = ({ deployment, status, queuedMs, changedMs, result }: Execution) => ({
  deploymentId: deployment.deploymentId,
  deploymentName: String(deployment.content.deploymentName ?? deployment.targetArn.split('/').at(-1)),
  ...(deployment.job === undefined
    ? {}
    : { iotJobId: deployment.job.jobId, iotJobArn: deployment.job.jobArn }),
  targetArn: deployment.targetArn,
  coreDeviceExecutionStatus: status,
  creationTimestamp: seconds(queuedMs),
  modifiedTimestamp: seconds(changedMs),
  ...(result === undefined ? {} : { reason: result.reason }),
  ...(result?.errorStack === undefined
    ? {}
    : { statusDetails: { errorStack: result.errorStack, errorTypes: result.errorTypes ?? [] } }),
})
