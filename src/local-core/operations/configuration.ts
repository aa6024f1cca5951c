/**
 * GetConfiguration, UpdateConfiguration, SubscribeToConfigurationUpdate.
 * Source: Greengrass developer guide, "Interact with component configuration". None of them needs a permission.
 */
import type { ConfigurationStore, LeafChange } from '../configuration-store.ts'
import { valueAt } from '../configuration-store.ts'
import { isObject } from '../json-object.ts'
import type { ModeName } from '../modes.ts'
import { type Call, keyPath, type Operation, OperationError, streaming, unary } from './operation.ts'

export interface ConfigurationServices {
  readonly mode: ModeName
  readonly componentName: string
  readonly configuration: ConfigurationStore
  /** The nucleus's own configuration, which components may read by the nucleus's component name. */
  readonly nucleusConfiguration: object
}

export const configurationOperations = (services: ConfigurationServices): Record<string, Operation> => ({
  GetConfiguration: unary((call) => getConfiguration(services, call)),
  UpdateConfiguration: unary((call) => updateConfiguration(services, call)),
  SubscribeToConfigurationUpdate: streaming((call) => subscribeToConfigurationUpdate(services, call)),
})

function getConfiguration(services: ConfigurationServices, call: Call): object {
  const path = keyPath(call)
  const { componentName, value } = read(services, call, path)
  if (value === undefined) throw keyNotFound()
  // An object is answered as itself, a leaf below its own name.
  const leaf = path.at(-1)
  return { componentName, value: isObject(value) || leaf === undefined ? value : { [leaf]: value } }
}

function read(services: ConfigurationServices, call: Call, path: string[]) {
  const asked = call.request.componentName ?? call.component
  const componentName = nucleusNames[services.mode].find(([alias]) => alias === asked)?.[1]
  if (componentName !== undefined) {
    return { componentName, value: valueAt(services.nucleusConfiguration, path) }
  }
  if (asked !== services.componentName) throw keyNotFound()
  return { componentName: services.componentName, value: services.configuration.get(path) }
}

/** Names that the nucleus answers to, and the one it answers with: lite takes classic's name for its own. */
const nucleusNames: Readonly<Record<ModeName, readonly (readonly [string, string])[]>> = {
  classic: [['aws.greengrass.Nucleus', 'aws.greengrass.Nucleus']],
  lite: [
    ['aws.greengrass.Nucleus', 'aws.greengrass.NucleusLite'],
    ['aws.greengrass.NucleusLite', 'aws.greengrass.NucleusLite'],
  ],
}

function updateConfiguration(services: ConfigurationServices, call: Call): object {
  const path = keyPath(call)
  const { timestamp, valueToMerge } = call.request
  if (typeof timestamp !== 'number' || valueToMerge === undefined) {
    throw new OperationError('InvalidArgumentsError', 'timestamp (seconds) and valueToMerge are needed')
  }
  // The permissions themselves are the deployment's alone.
  if (
    path[0] === 'accessControl' ||
    (path.length === 0 && isObject(valueToMerge) && 'accessControl' in valueToMerge)
  ) {
    throw new OperationError(
      'InvalidArgumentsError',
      'Config update is not allowed for following fields [accessControl]',
    )
  }
  if (path.length === 0 && !isObject(valueToMerge)) {
    throw new OperationError(
      'InvalidArgumentsError',
      'The whole configuration can only be merged with an object',
    )
  }
  const updated = services.configuration.update(path, valueToMerge, timestamp * 1000)
  // Lite keeps the newer value without a word.
  if (!updated && services.mode === 'classic') {
    throw new OperationError(
      'FailedUpdateConditionCheckError',
      "Proposed timestamp is older than the config's latest modified timestamp",
    )
  }
  return {}
}

function subscribeToConfigurationUpdate(services: ConfigurationServices, call: Call): object {
  const path = keyPath(call)
  const { componentName, value } = read(services, call, path)
  if (value === undefined) throw keyNotFound()
  if (componentName !== services.componentName) return {} // the nucleus's configuration never changes here
  const send = ({ keyPath }: LeafChange) =>
    call.stream.send('ConfigurationUpdateEvents', { configurationUpdateEvent: { componentName, keyPath } })
  call.stream.onClose(
    services.configuration.watch(path, (changes) => {
      // One event for each leaf; lite tells nothing of a key that went away.
      for (const change of changes) if (!change.removed || services.mode === 'classic') send(change)
    }),
  )
  return {}
}

/** A component that is not here is no different from a key that is not there. */
const keyNotFound = () => new OperationError('ResourceNotFoundError', 'Key not found')
