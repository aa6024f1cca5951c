/** Greengrass of an account of the stand-in: made with the first question for it, and the source of its jobs. */
import type { Account } from '../account.ts'
import { describeJob, jobExecutions } from './jobs.ts'
import type { CoreDevices, Greengrass } from './state.ts'

export function greengrassOf(account: Account): Greengrass {
  const known = made.get(account)
  if (known !== undefined) return known
  const greengrass: Greengrass = {
    account,
    components: new Map(),
    deletedComponents: new Set(),
    deployments: new Map(),
    latest: new Map(),
    revisions: new Map(),
    tags: new Map(),
    artifactFaults: new Map(),
    coreDevices: noDevices,
    componentTimes: { initiatedMs: 0, settledMs: 0 },
  }
  made.set(account, greengrass)
  account.jobs = {
    describe: (jobId) => describeJob(greengrass, jobId),
    executions: (jobId, status) => jobExecutions(greengrass, jobId, status),
  }
  return greengrass
}

const made = new WeakMap<Account, Greengrass>()

const noDevices: CoreDevices = {
  catchUp: () => {},
  deploy: () => {},
  cancel: () => {},
  all: () => [],
  find: () => undefined,
  remove: () => {},
}
