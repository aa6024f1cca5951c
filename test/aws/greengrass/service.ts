/** Greengrass's control plane as a service of the stand-in. */
import type { Account } from '../account.ts'
import { restJsonService } from '../rest-json.ts'
import type { Service } from '../service.ts'
import { componentOperations } from './components.ts'
import { coreDeviceOperations } from './core-devices.ts'
import { deploymentOperations } from './deployments.ts'
import { unfit } from './errors.ts'
import { greengrassOf } from './greengrass.ts'
import type { Operation } from './operation.ts'
import model from './shapes.json' with { type: 'json' }
import type { Greengrass } from './state.ts'
import { tagOperations } from './tags.ts'

export const operations: Readonly<Record<string, Operation>> = {
  ...componentOperations,
  ...deploymentOperations,
  ...coreDeviceOperations,
  ...tagOperations,
}

export const greengrassService = (account: Account): Service =>
  restJsonService({
    signingName: 'greengrass',
    model,
    handlers: Object.fromEntries(
      Object.entries(operations).map(([name, operation]) => [
        name,
        (state: Greengrass, input) => {
          state.coreDevices.catchUp()
          return operation(state, input)
        },
      ]),
    ),
    state: greengrassOf(account),
    invalid: (problems) =>
      unfit(
        `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems.join('; ')}`,
      ),
  })
