/** AWS STS: who the credentials belong to. Source: AWS STS API reference, GetCallerIdentity. */
import type { Account } from './account.ts'
import { queryService } from './query.ts'

export const stsService = (account: Account) =>
  queryService(account, {
    signingName: 'sts',
    version: '2011-06-15',
    operations: {
      GetCallerIdentity: {
        isChange: false,
        run: ({ accountId }) => ({
          Arn: `arn:aws:iam::${accountId}:user/operator`,
          UserId: 'AIDACKCEVSQ6C2EXAMPLE',
          Account: accountId,
        }),
      },
    },
  })
