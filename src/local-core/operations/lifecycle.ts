/**
 * UpdateState and RestartComponent; and ValidateAuthorizationToken, which is only for the stream manager.
 * Source: Greengrass developer guide, "Interact with component lifecycle" and "Manage local deployments and components".
 */
import type { ModeName } from '../modes.ts'
import { type Call, type Operation, OperationError, text, unary } from './operation.ts'

export interface LifecycleServices {
  readonly mode: ModeName
  readonly componentName: string
  authorize(call: Call, service: string, resource: string): void
  /** What the component says of itself. */
  reportState(state: 'RUNNING' | 'ERRORED'): void
  restartComponent(): void
}

export const lifecycleOperations = (services: LifecycleServices): Record<string, Operation> => ({
  UpdateState: unary((call) => updateState(services, call)),
  RestartComponent: unary((call) => restartComponent(services, call)),
  ValidateAuthorizationToken: unary((call) => {
    services.authorize(call, 'aws.greengrass.ipc.authorizationagent', call.component)
    return { isValid: false }
  }),
})

/** Needs no permission: it concerns the caller only. */
function updateState({ reportState }: LifecycleServices, call: Call): object {
  const state = text(call, 'state')
  if (state !== 'RUNNING' && state !== 'ERRORED') {
    throw new OperationError('ServiceError', 'Failed to update the lifecycle state.')
  }
  reportState(state)
  return {}
}

function restartComponent(services: LifecycleServices, call: Call): object {
  const name = text(call, 'componentName')
  services.authorize(call, 'aws.greengrass.Cli', name)
  if (name !== services.componentName) {
    // ComponentNotFoundError is not distinguished here: no component but the one exists.
    throw new OperationError('ServiceError', `Component with name ${name} not found in Greengrass`)
  }
  services.restartComponent()
  return { restartStatus: 'SUCCEEDED' }
}
