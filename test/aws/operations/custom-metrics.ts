/** Custom metrics. Source: iot API reference, CreateCustomMetric and its neighbours. */
import { type Account, arnOf, type StoredCustomMetric, secondsNow, setTags, usersOf } from '../account.ts'
import { AwsError, invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'

/** General Reference, quotas of Device Defender; adjustable. */
const CUSTOM_METRICS_MAX = 100

export const customMetricOperations: Operations = {
  CreateCustomMetric: (account, input) => {
    const name = String(input.metricName)
    const known = account.customMetrics.get(name)
    if (known !== undefined) {
      // A retry of the same request is answered as the request was.
      if (known.token === input.clientRequestToken && known.type === input.metricType) {
        return { metricName: name, metricArn: known.arn }
      }
      throw new AwsError('ResourceAlreadyExistsException', `Custom metric ${name} already exists.`, {
        resourceId: name,
        resourceArn: known.arn,
      })
    }
    if (account.customMetrics.size >= CUSTOM_METRICS_MAX) {
      throw new AwsError('LimitExceededException', `More than ${CUSTOM_METRICS_MAX} custom metrics.`)
    }
    if (/^aws:/i.test(name)) throw invalid('Names of custom metrics cannot begin with aws:')
    const arn = arnOf(account, `custommetric/${name}`)
    const now = secondsNow(account)
    account.customMetrics.set(name, {
      name,
      arn,
      type: String(input.metricType),
      ...(input.displayName === undefined ? {} : { displayName: String(input.displayName) }),
      token: String(input.clientRequestToken),
      createdAt: now,
      changedAt: now,
    })
    setTags(account, arn, input.tags)
    return { metricName: name, metricArn: arn }
  },

  DescribeCustomMetric: (account, input) => describe(find(account, input.metricName)),

  UpdateCustomMetric: (account, input) => {
    const metric = find(account, input.metricName)
    metric.displayName = String(input.displayName)
    metric.changedAt = secondsNow(account)
    return describe(metric)
  },

  DeleteCustomMetric: (account, input) => {
    const name = String(input.metricName)
    const users = usersOf(account, ({ metric }) => metric === name)
    if (users.length > 0) throw invalid(`Custom metric ${name} is used by security profiles ${users}.`)
    const metric = account.customMetrics.get(name)
    if (metric !== undefined) account.tags.delete(metric.arn)
    account.customMetrics.delete(name)
    return {}
  },

  ListCustomMetrics: (account, input) => {
    const { entries, next } = page(account, 'metrics', [...account.customMetrics.keys()].sort(), input)
    return { metricNames: entries, ...next }
  },
}

function find(account: Account, name: unknown): StoredCustomMetric {
  const metric = account.customMetrics.get(String(name))
  if (metric === undefined) throw notFound(`Custom metric ${name}`)
  return metric
}

const describe = ({ name, arn, type, displayName, createdAt, changedAt }: StoredCustomMetric) => ({
  metricName: name,
  metricArn: arn,
  metricType: type,
  ...(displayName === undefined ? {} : { displayName }),
  creationDate: createdAt,
  lastModifiedDate: changedAt,
})
