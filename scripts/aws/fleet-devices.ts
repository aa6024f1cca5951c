/**
 * What rolling out asks about devices: who is in a thing group, which of them are core devices, how each took a
 * deployment and what runs on it. On the AWS SDK for JavaScript v3, its clients for Greengrass V2 and for AWS IoT.
 * Sources: Greengrass V2 and iot API references, the actions named beside.
 */
import { type AwsOptions, callsOf, clientConfig } from './client.ts'

export interface CoreDevice {
  readonly thingName: string
  readonly isHealthy: boolean
  /** `lite` by the runtime that the device tells; all others are taken for classic. */
  readonly nucleus: 'classic' | 'lite'
  /** Epoch milliseconds; a device tells its state on changes and once a day. */
  readonly statusAt?: number
}

/** A deployment as one device took it. */
export interface DeviceDeployment {
  readonly deploymentId: string
  /** As in `IN_PROGRESS` or `SUCCEEDED`. */
  readonly status: string
  readonly reason?: string
  /** From the most general code to the most particular one. */
  readonly errorStack: readonly string[]
  readonly errorTypes: readonly string[]
}

export interface InstalledComponent {
  readonly name: string
  readonly version: string
  readonly lifecycleState: string
  readonly details?: string
  readonly statusCodes: readonly string[]
}

/** How many devices of a deployment's job are in which state. */
export interface JobCounts {
  readonly succeeded: number
  /** Failed, timed out, rejected or canceled: over, and not well. */
  readonly failed: number
  /** Queued or in progress. */
  readonly waiting: number
  /** By its abort criteria or by somebody: devices that were not told yet will not be. */
  readonly isCanceled: boolean
}

export interface FleetDevices {
  /** DescribeThingGroup; answers the ARN. */
  thingGroupArn(name: string): Promise<string | undefined>
  /** DescribeThing; answers the ARN. */
  thingArn(name: string): Promise<string | undefined>
  /** ListThingsInThingGroup, with the groups in it. */
  thingsInGroup(name: string): Promise<readonly string[]>
  /**
   * ListCoreDevices of the whole account, a hundred a call: by group it would list only those that have deployed
   * successfully before.
   */
  coreDevices(): Promise<readonly CoreDevice[]>
  /** GetCoreDevice. */
  coreDevice(thingName: string): Promise<CoreDevice | undefined>
  /** ListEffectiveDeployments. */
  deploymentsOf(thingName: string): Promise<readonly DeviceDeployment[]>
  /** ListInstalledComponents. */
  componentsOf(thingName: string): Promise<readonly InstalledComponent[]>
  /** DescribeJob. */
  jobCounts(jobId: string): Promise<JobCounts | undefined>
  close(): void
}

/** API references: the most that a page of the services' lists holds. */
const GREENGRASS_PAGE = 100
const IOT_PAGE = 250

export async function openFleetDevices(options: AwsOptions): Promise<FleetDevices> {
  const [greengrassSdk, iotSdk] = await Promise.all([
    import('@aws-sdk/client-greengrassv2'),
    import('@aws-sdk/client-iot'),
  ])
  const greengrassClient = new greengrassSdk.GreengrassV2Client(clientConfig(options))
  const iotClient = new iotSdk.IoTClient(clientConfig(options))
  const greengrass = await callsOf('greengrass', greengrassClient, options, GREENGRASS_PAGE)
  const iot = await callsOf('iot', iotClient, options, IOT_PAGE)

  return {
    thingGroupArn: async (thingGroupName) => {
      const found = await iot.find('DescribeThingGroup', () =>
        iotClient.send(new iotSdk.DescribeThingGroupCommand({ thingGroupName })),
      )
      return found?.thingGroupArn
    },

    thingArn: async (thingName) => {
      const found = await iot.find('DescribeThing', () =>
        iotClient.send(new iotSdk.DescribeThingCommand({ thingName })),
      )
      return found?.thingArn
    },

    thingsInGroup: async (thingGroupName) =>
      iot.list(
        'ListThingsInThingGroup',
        (page) =>
          iotClient.send(
            new iotSdk.ListThingsInThingGroupCommand({ thingGroupName, recursive: true, ...page }),
          ),
        (answer: { things?: string[] }) => answer.things,
      ),

    coreDevices: async () => {
      const found = await greengrass.list(
        'ListCoreDevices',
        (page) => greengrassClient.send(new greengrassSdk.ListCoreDevicesCommand(page)),
        (answer: { coreDevices?: SdkCoreDevice[] }) => answer.coreDevices,
      )
      return found.map(toCoreDevice)
    },

    coreDevice: async (coreDeviceThingName) => {
      const found = await greengrass.find('GetCoreDevice', () =>
        greengrassClient.send(new greengrassSdk.GetCoreDeviceCommand({ coreDeviceThingName })),
      )
      return found === undefined ? undefined : toCoreDevice(found)
    },

    deploymentsOf: async (coreDeviceThingName) => {
      const found = await greengrass.list(
        'ListEffectiveDeployments',
        (page) =>
          greengrassClient.send(
            new greengrassSdk.ListEffectiveDeploymentsCommand({ coreDeviceThingName, ...page }),
          ),
        (answer: { effectiveDeployments?: SdkEffectiveDeployment[] }) => answer.effectiveDeployments,
      )
      return found.map(({ deploymentId = '', coreDeviceExecutionStatus = '', reason, statusDetails }) => ({
        deploymentId,
        status: coreDeviceExecutionStatus,
        ...(reason ? { reason } : {}),
        errorStack: statusDetails?.errorStack ?? [],
        errorTypes: statusDetails?.errorTypes ?? [],
      }))
    },

    componentsOf: async (coreDeviceThingName) => {
      const found = await greengrass.list(
        'ListInstalledComponents',
        (page) =>
          greengrassClient.send(
            new greengrassSdk.ListInstalledComponentsCommand({
              coreDeviceThingName,
              topologyFilter: 'ALL',
              ...page,
            }),
          ),
        (answer: { installedComponents?: SdkInstalledComponent[] }) => answer.installedComponents,
      )
      return found.map(({ componentName = '', componentVersion = '', lifecycleState = '', ...rest }) => ({
        name: componentName,
        version: componentVersion,
        lifecycleState,
        ...(rest.lifecycleStateDetails ? { details: rest.lifecycleStateDetails } : {}),
        statusCodes: rest.lifecycleStatusCodes ?? [],
      }))
    },

    jobCounts: async (jobId) => {
      const found = await iot.find('DescribeJob', () =>
        iotClient.send(new iotSdk.DescribeJobCommand({ jobId })),
      )
      const details = found?.job?.jobProcessDetails
      if (details === undefined) return undefined
      const sum = (...counts: readonly (number | undefined)[]) =>
        counts.reduce<number>((total, count) => total + (count ?? 0), 0)
      return {
        succeeded: details.numberOfSucceededThings ?? 0,
        failed: sum(
          details.numberOfFailedThings,
          details.numberOfTimedOutThings,
          details.numberOfRejectedThings,
          details.numberOfCanceledThings,
        ),
        waiting: sum(details.numberOfQueuedThings, details.numberOfInProgressThings),
        isCanceled: found?.job?.status === 'CANCELED',
      }
    },

    close: () => {
      greengrassClient.destroy()
      iotClient.destroy()
    },
  }
}

interface SdkCoreDevice {
  readonly coreDeviceThingName?: string | undefined
  readonly status?: string | undefined
  readonly runtime?: string | undefined
  readonly lastStatusUpdateTimestamp?: Date | undefined
}

interface SdkEffectiveDeployment {
  readonly deploymentId?: string
  readonly coreDeviceExecutionStatus?: string
  readonly reason?: string
  readonly statusDetails?: { readonly errorStack?: string[]; readonly errorTypes?: string[] }
}

interface SdkInstalledComponent {
  readonly componentName?: string
  readonly componentVersion?: string
  readonly lifecycleState?: string
  readonly lifecycleStateDetails?: string
  readonly lifecycleStatusCodes?: string[]
}

function toCoreDevice(found: SdkCoreDevice): CoreDevice {
  return {
    thingName: found.coreDeviceThingName ?? '',
    isHealthy: found.status === 'HEALTHY',
    nucleus: found.runtime !== undefined && /lite/i.test(found.runtime) ? 'lite' : 'classic',
    ...(found.lastStatusUpdateTimestamp === undefined
      ? {}
      : { statusAt: found.lastStatusUpdateTimestamp.getTime() }),
  }
}
