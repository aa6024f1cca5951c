/**
 * Every operation that the embedded core answers, by the nucleus that has it. One that is not listed fails as it does
 * on that nucleus; see `unknownOperation` in connection.ts.
 */
import { type ConfigurationServices, configurationOperations } from './configuration.ts'
import { type DeploymentServices, deploymentOperations } from './deployments.ts'
import { type IotCoreServices, iotCoreOperations } from './iot-core.ts'
import { type LifecycleServices, lifecycleOperations } from './lifecycle.ts'
import { type LocalTopicServices, localTopicOperations } from './local-topics.ts'
import type { Operation } from './operation.ts'

export type Services = ConfigurationServices &
  DeploymentServices &
  IotCoreServices &
  LifecycleServices &
  LocalTopicServices

/** Operation names without the namespace `aws.greengrass#`. */
export function operationTable(services: Services): ReadonlyMap<string, Operation> {
  return new Map(
    Object.entries({
      ...configurationOperations(services),
      ...iotCoreOperations(services),
      ...localTopicOperations(services),
      ...lifecycleOperations(services),
      ...(services.mode === 'classic' && deploymentOperations(services)),
    }),
  )
}
