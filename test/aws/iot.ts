/** AWS IoT's control plane: the registry, and Device Defender Detect. Source: service model `iot` 2015-05-28. */
import type { Account } from './account.ts'
import { invalid } from './error.ts'
import { handlers } from './operations/table.ts'
import { restJsonService } from './rest-json.ts'
import type { Service } from './service.ts'
import table from './shapes.json' with { type: 'json' }
import type { Model } from './shapes.ts'

export const iotModel: Model = table

export const iotService = (account: Account): Service =>
  restJsonService({
    signingName: 'iot',
    model: iotModel,
    handlers,
    state: account,
    invalid: (problems) =>
      invalid(
        `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems.join('; ')}`,
      ),
    harmless: ['ValidateSecurityProfileBehaviors'],
  })
