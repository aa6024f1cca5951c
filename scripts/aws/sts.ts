/** Who the credentials belong to. Source: AWS STS API reference, GetCallerIdentity, which needs no permission. */
import { type AwsOptions, callsOf, clientConfig } from './client.ts'

export interface Caller {
  readonly accountId: string
  readonly arn: string
  /** `aws`, `aws-cn`, `aws-us-gov`: the second word of every ARN. */
  readonly partition: string
  /** Where the other services are to be asked. */
  readonly region: string
}

export async function callerIdentity(options: AwsOptions): Promise<Caller> {
  const sdk = await import('@aws-sdk/client-sts')
  const client = new sdk.STSClient(clientConfig(options))
  try {
    const { region, call } = await callsOf('sts', client, options, 0)
    const { Account = '', Arn = '' } = await call('GetCallerIdentity', () =>
      client.send(new sdk.GetCallerIdentityCommand({})),
    )
    return { accountId: Account, arn: Arn, partition: Arn.split(':')[1] ?? 'aws', region }
  } finally {
    client.destroy()
  }
}
