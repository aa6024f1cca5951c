/**
 * The IoT job of a deployment to a thing group, as `iot:DescribeJob` and `iot:ListJobExecutionsForJob` tell of it.
 * Sources: iot API reference, Job, JobProcessDetails, JobExecutionSummary; Greengrass developer guide, "Check deployment
 * status": the job of a former revision is cancelled.
 */
import { type Execution, type Greengrass, type Job, type StoredDeployment, seconds } from './state.ts'

export function emptyJob({ account: { region, accountId, nowMs } }: Greengrass, deploymentId: string): Job {
  return {
    jobId: deploymentId,
    jobArn: `arn:aws:iot:${region}:${accountId}:job/${deploymentId}`,
    status: 'IN_PROGRESS',
    changedMs: nowMs(),
    counts: { QUEUED: 0, IN_PROGRESS: 0, SUCCEEDED: 0, FAILED: 0, TIMED_OUT: 0, REJECTED: 0, CANCELED: 0 },
    executions: new Map(),
  }
}

/** The members of `Job` in the answer to `iot:DescribeJob`; undefined if no deployment has this job. */
export function describeJob(greengrass: Greengrass, jobId: string) {
  const deployment = deploymentOf(greengrass, jobId)
  if (deployment?.job === undefined) return undefined
  const { job, targetArn, createdMs } = deployment
  const { counts } = job
  return {
    jobArn: job.jobArn,
    jobId: job.jobId,
    targetSelection: 'CONTINUOUS',
    status: job.status,
    ...(job.comment === undefined ? {} : { comment: job.comment }),
    targets: [targetArn],
    ...((deployment.content.iotJobConfiguration ?? {}) as object),
    createdAt: seconds(createdMs),
    lastUpdatedAt: seconds(job.changedMs),
    ...(job.status === 'CANCELED' ? { completedAt: seconds(job.changedMs) } : {}),
    jobProcessDetails: {
      numberOfCanceledThings: counts.CANCELED,
      numberOfSucceededThings: counts.SUCCEEDED,
      numberOfFailedThings: counts.FAILED,
      numberOfRejectedThings: counts.REJECTED,
      numberOfQueuedThings: counts.QUEUED,
      numberOfInProgressThings: counts.IN_PROGRESS,
      numberOfRemovedThings: 0,
      numberOfTimedOutThings: counts.TIMED_OUT,
    },
  }
}

/** `executionSummaries` of `iot:ListJobExecutionsForJob`, the oldest first; undefined if no deployment has this job. */
export function jobExecutions(greengrass: Greengrass, jobId: string, status?: string) {
  const job = deploymentOf(greengrass, jobId)?.job
  if (job === undefined) return undefined
  return [...job.executions.values()]
    .filter((execution) => status === undefined || execution.status === status)
    .map((execution) => ({
      thingArn: `arn:aws:iot:${greengrass.account.region}:${greengrass.account.accountId}:thing/${execution.thing}`,
      jobExecutionSummary: summary(execution),
    }))
}

const summary = ({ status, queuedMs, startedMs, changedMs }: Execution) => ({
  status,
  queuedAt: seconds(queuedMs),
  ...(startedMs === undefined ? {} : { startedAt: seconds(startedMs) }),
  lastUpdatedAt: seconds(changedMs),
  executionNumber: 1,
})

function deploymentOf(greengrass: Greengrass, jobId: string): StoredDeployment | undefined {
  greengrass.coreDevices.catchUp()
  return greengrass.deployments.get(jobId)
}
