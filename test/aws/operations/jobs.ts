/** Jobs, whoever made them, and what names an account's endpoints. Source: iot API reference, the operations' pages. */
import { arnOf, secondsNow } from '../account.ts'
import { invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'

export const jobOperations: Operations = {
  DescribeJob: (account, input) => {
    const job = account.jobs?.describe(String(input.jobId))
    if (job === undefined) throw notFound(`Job ${input.jobId}`)
    return { job }
  },

  ListJobExecutionsForJob: (account, input) => {
    const status = input.status === undefined ? undefined : String(input.status)
    const all = account.jobs?.executions(String(input.jobId), status)
    if (all === undefined) throw notFound(`Job ${input.jobId}`)
    const { entries, next } = page(account, `executions of ${input.jobId}`, all, input)
    return { executionSummaries: entries, ...next }
  },

  DescribeRoleAlias: (account, input) => {
    const alias = String(input.roleAlias)
    const roleArn = account.roleAliases.get(alias)
    if (roleArn === undefined) throw notFound(`Role alias ${alias}`)
    return {
      roleAliasDescription: {
        roleAlias: alias,
        roleAliasArn: arnOf(account, `rolealias/${alias}`),
        roleArn,
        owner: account.accountId,
        credentialDurationSeconds: 3600,
        creationDate: secondsNow(account),
        lastModifiedDate: secondsNow(account),
      },
    }
  },

  DescribeEndpoint: (account, input) => {
    const host = endpoints.get(String(input.endpointType ?? 'iot:Data'))
    if (host === undefined) throw invalid(`endpointType ${input.endpointType} is not known`)
    return { endpointAddress: `a1b2c3d4e5f6g7${host}.${account.region}.amazonaws.com` }
  },
}

/** API reference, DescribeEndpoint. */
const endpoints = new Map([
  ['iot:Data', '.iot'],
  ['iot:Data-ATS', '-ats.iot'],
  ['iot:CredentialProvider', '.credentials.iot'],
  ['iot:Jobs', '.jobs.iot'],
])
