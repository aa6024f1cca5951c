/**
 * What a component has to say to a deployment: SubscribeToValidateConfigurationUpdates with
 * SendConfigurationValidityReport, and SubscribeToComponentUpdates with DeferComponentUpdate. Classic only.
 * Source: the Greengrass developer guide's pages of these names.
 */
import type { Inquiry } from '../inquiry.ts'
import { type Call, type Operation, OperationError, streaming, text, unary } from './operation.ts'

export interface Validity {
  readonly status: 'ACCEPTED' | 'REJECTED'
  readonly message?: string
}

export interface Deferral {
  /** How long to wait before asking again; 0 lets the update go on. */
  readonly recheckAfterMs: number
  readonly message?: string
}

export interface DeploymentServices {
  readonly validation: Inquiry<Validity>
  readonly componentUpdates: Inquiry<Deferral>
}

export const deploymentOperations = (services: DeploymentServices): Record<string, Operation> => ({
  SubscribeToValidateConfigurationUpdates: streaming(({ stream }) => {
    services.validation.subscribe(stream)
    return {}
  }),
  SendConfigurationValidityReport: unary((call) => sendConfigurationValidityReport(services, call)),
  SubscribeToComponentUpdates: streaming(({ stream }) => {
    services.componentUpdates.subscribe(stream)
    return {}
  }),
  DeferComponentUpdate: unary((call) => deferComponentUpdate(services, call)),
})

function sendConfigurationValidityReport({ validation }: DeploymentServices, call: Call): object {
  const report = call.request.configurationValidityReport
  const { deploymentId, status, message } = (report ?? {}) as Record<string, unknown>
  if (typeof deploymentId !== 'string' || (status !== 'ACCEPTED' && status !== 'REJECTED')) {
    throw new OperationError(
      'InvalidArgumentsError',
      'A report needs a deploymentId and status ACCEPTED or REJECTED',
    )
  }
  if (!validation.answer(deploymentId, { status, ...(typeof message === 'string' && { message }) })) {
    throw new OperationError('InvalidArgumentsError', 'Validation request either timed out or was never made')
  }
  return {}
}

function deferComponentUpdate({ componentUpdates }: DeploymentServices, call: Call): object {
  const deploymentId = text(call, 'deploymentId')
  const { recheckAfterMs, message } = call.request
  if (!componentUpdates.hasSubscribers) {
    throw new OperationError(
      'InvalidArgumentsError',
      'Component is not subscribed to component update events',
    )
  }
  const deferral = {
    recheckAfterMs: typeof recheckAfterMs === 'number' ? recheckAfterMs : 0,
    ...(typeof message === 'string' && { message }),
  }
  if (!componentUpdates.answer(deploymentId, deferral)) {
    throw new OperationError('ServiceError', 'Time limit to respond to PreComponentUpdateEvent exceeded')
  }
  return {}
}
