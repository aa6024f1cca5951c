/**
 * Mitigation tasks of Detect, carried out: things move into groups. Source: iot API reference,
 * StartDetectMitigationActionsTask and its neighbours; developer guide, "Mitigation actions": for alarms of Detect only
 * ADD_THINGS_TO_THING_GROUP.
 */
import { type Account, type Input, secondsNow } from '../account.ts'
import {
  activeViolations,
  isSuppressed,
  type StoredDetectTask,
  type StoredExecution,
  type StoredViolationEvent,
  TASKS_KEPT_SECONDS,
} from '../detect-data.ts'
import { AwsError, invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import { join } from '../registry.ts'
import type { Operations } from './operation.ts'

/** General Reference, quotas of Device Defender; adjustable. */
const RUNNING_TASKS_MAX = 5

export const detectTaskOperations: Operations = {
  StartDetectMitigationActionsTask: (account, input) => {
    const taskId = String(input.taskId)
    const token = String(input.clientRequestToken)
    catchUp(account)
    for (const task of account.detect.tasks.values()) {
      if (task.taskId === taskId || task.token === token) {
        throw new AwsError('TaskAlreadyExistsException', `Task ${task.taskId} already exists.`)
      }
    }
    const running = [...account.detect.tasks.values()].filter((task) => statusOf(task) === 'IN_PROGRESS')
    if (running.length >= RUNNING_TASKS_MAX) {
      throw new AwsError('LimitExceededException', `${RUNNING_TASKS_MAX} tasks are in progress.`)
    }
    const actionNames = input.actions as readonly string[]
    for (const name of actionNames) checkAction(account, name)
    const isOnlyActive = input.includeOnlyActiveViolations === true
    const isWithSuppressed = input.includeSuppressedAlerts === true
    const range = input.violationEventOccurrenceRange as Input | undefined
    const target = input.target as Input
    const violations = violationsOf(account, { target, range, isOnlyActive, isWithSuppressed })
    const startedAt = secondsNow(account)
    const { secondsPerAction = 0 } = account.detect
    account.detect.tasks.set(taskId, {
      taskId,
      token,
      startedAt,
      target,
      ...(range === undefined ? {} : { range }),
      isOnlyActive,
      isWithSuppressed,
      actionNames,
      executions: violations
        .flatMap((event) => actionNames.map((actionName) => ({ event, actionName })))
        .map(({ event: { violationId, thingName }, actionName }, index) => ({
          violationId,
          thingName,
          actionName,
          startsAt: startedAt + index * secondsPerAction,
          endsAt: startedAt + (index + 1) * secondsPerAction,
        })),
    })
    return { taskId }
  },

  DescribeDetectMitigationActionsTask: (account, input) => {
    catchUp(account)
    return { taskSummary: summaryOf(account, findTask(account, input.taskId)) }
  },

  CancelDetectMitigationActionsTask: (account, input) => {
    catchUp(account)
    const task = findTask(account, input.taskId)
    if (statusOf(task) !== 'IN_PROGRESS') throw invalid(`Task ${task.taskId} is not in progress`)
    task.canceledAt = secondsNow(account)
    return {}
  },

  ListDetectMitigationActionsTasks: (account, input) => {
    catchUp(account)
    const kept = Math.max(Number(input.startTime), secondsNow(account) - TASKS_KEPT_SECONDS)
    const all = [...account.detect.tasks.values()]
      .filter(({ startedAt }) => startedAt >= kept && startedAt <= Number(input.endTime))
      .map((task) => summaryOf(account, task))
    const { entries, next } = page(account, 'detect tasks', all, input)
    return { tasks: entries, ...next }
  },

  ListDetectMitigationActionsExecutions: (account, input) => {
    catchUp(account)
    const { taskId, violationId, thingName, startTime, endTime } = input
    const isTimed = startTime !== undefined && endTime !== undefined
    if ((taskId !== undefined) === isTimed) {
      throw invalid('Either startTime and endTime or taskId must be specified, but not both')
    }
    const all = [...account.detect.tasks.values()]
      .filter((task) => taskId === undefined || task.taskId === taskId)
      .flatMap((task) =>
        task.executions
          .filter((execution) => isBegun(account, task, execution))
          .map((execution) => executionOf(task, execution)),
      )
      .filter(
        (execution) =>
          (violationId === undefined || execution.violationId === violationId) &&
          (thingName === undefined || execution.thingName === thingName) &&
          (!isTimed ||
            (execution.executionStartDate >= Number(startTime) &&
              execution.executionStartDate <= Number(endTime))),
      )
    const { entries, next } = page(account, 'detect executions', all, input)
    return { actionsExecutions: entries, ...next }
  },
}

function findTask({ detect }: Account, id: unknown): StoredDetectTask {
  const task = detect.tasks.get(String(id))
  if (task === undefined) throw notFound(`Task ${id}`)
  return task
}

function checkAction({ mitigationActions }: Account, name: string): void {
  const action = mitigationActions.get(name)
  if (action === undefined) throw invalid(`Mitigation action ${name} does not exist`)
  if (action.params.addThingsToThingGroupParams === undefined) {
    throw invalid(`Mitigation action ${name} is not of the type ADD_THINGS_TO_THING_GROUP`)
  }
}

interface Selection {
  readonly target: Input
  readonly range: Input | undefined
  readonly isOnlyActive: boolean
  readonly isWithSuppressed: boolean
}

/** One event of each violation that a task is about. */
function violationsOf(account: Account, selection: Selection): readonly StoredViolationEvent[] {
  const { violationIds, securityProfileName, behaviorName } = selection.target
  if ((violationIds === undefined) === (securityProfileName === undefined)) {
    throw invalid('The target must be either violationIds or a securityProfileName')
  }
  const { startTime = 0, endTime = Number.POSITIVE_INFINITY } = (selection.range ?? {}) as {
    startTime?: number
    endTime?: number
  }
  const active = new Set(activeViolations(account).map(({ violationId }) => violationId))
  const alarms = account.detect.events.filter(({ violationEventType }) => violationEventType === 'in-alarm')
  const ids = violationIds as readonly string[] | undefined
  for (const id of ids ?? []) {
    if (!alarms.some(({ violationId }) => violationId === id)) throw invalid(`Violation ${id} does not exist`)
  }
  return alarms.filter(
    (event) =>
      (ids === undefined
        ? event.securityProfileName === securityProfileName &&
          (behaviorName === undefined || event.behavior.name === behaviorName)
        : ids.includes(event.violationId)) &&
      (!selection.isOnlyActive || active.has(event.violationId)) &&
      (selection.isWithSuppressed || !isSuppressed(event)) &&
      event.violationEventTime >= startTime &&
      event.violationEventTime <= endTime,
  )
}

/** Does what tasks would have done by now. */
function catchUp(account: Account): void {
  const now = secondsNow(account)
  for (const task of account.detect.tasks.values()) {
    for (const execution of task.executions) {
      const isOver = execution.endsAt <= Math.min(now, task.canceledAt ?? now)
      if (execution.result === undefined && isOver) execution.result = carryOut(account, execution)
    }
  }
}

function carryOut(account: Account, { thingName, actionName }: StoredExecution) {
  const params = account.mitigationActions.get(actionName)?.params.addThingsToThingGroupParams as
    | { readonly thingGroupNames: readonly string[] }
    | undefined
  const thing = account.registry.things.get(thingName)
  // The codes are AWS's own and not published; these are in their form.
  const failed = (message: string) =>
    ({ status: 'FAILED', errorCode: 'RESOURCE_NOT_FOUND', message }) as const
  if (thing === undefined) return failed(`Thing ${thingName} does not exist.`)
  for (const name of params?.thingGroupNames ?? []) {
    const group = account.registry.groups.get(name)
    if (group === undefined) return failed(`Thing group ${name} does not exist.`)
    if (!thing.groups.has(name)) join(account, thing, group)
  }
  return { status: 'SUCCESSFUL' } as const
}

function statusOf({ executions, canceledAt }: StoredDetectTask): string {
  if (canceledAt !== undefined) return 'CANCELED'
  if (executions.some(({ result }) => result === undefined)) return 'IN_PROGRESS'
  return executions.some(({ result }) => result?.status === 'FAILED') ? 'FAILED' : 'SUCCESSFUL'
}

function summaryOf(account: Account, task: StoredDetectTask) {
  const count = (status: string) => task.executions.filter(({ result }) => result?.status === status).length
  const status = statusOf(task)
  const ends = task.canceledAt ?? Math.max(task.startedAt, ...task.executions.map(({ endsAt }) => endsAt))
  return {
    taskId: task.taskId,
    taskStatus: status,
    taskStartTime: task.startedAt,
    ...(status === 'IN_PROGRESS' ? {} : { taskEndTime: ends }),
    target: task.target,
    ...(task.range === undefined ? {} : { violationEventOccurrenceRange: task.range }),
    onlyActiveViolationsIncluded: task.isOnlyActive,
    suppressedAlertsIncluded: task.isWithSuppressed,
    actionsDefinition: task.actionNames.flatMap((name) => {
      const action = account.mitigationActions.get(name)
      return action === undefined
        ? []
        : [{ name, id: action.id, roleArn: action.roleArn, actionParams: action.params }]
    }),
    taskStatistics: {
      actionsExecuted: count('SUCCESSFUL'),
      actionsFailed: count('FAILED'),
      // Of a canceled task: what it did not come to.
      actionsSkipped: status === 'CANCELED' ? task.executions.filter(({ result }) => !result).length : 0,
    },
  }
}

/** What a canceled task did not come to was skipped, and is listed from then on. */
const isBegun = (account: Account, { canceledAt }: StoredDetectTask, { startsAt }: StoredExecution) =>
  canceledAt !== undefined || startsAt <= secondsNow(account)

function executionOf({ taskId, canceledAt }: StoredDetectTask, execution: StoredExecution) {
  const { violationId, thingName, actionName, startsAt, endsAt, result } = execution
  const unfinished = canceledAt === undefined ? 'IN_PROGRESS' : 'SKIPPED'
  return {
    taskId,
    violationId,
    actionName,
    thingName,
    executionStartDate: startsAt,
    ...(result === undefined ? {} : { executionEndDate: endsAt }),
    status: result?.status ?? unfinished,
    ...(result?.errorCode === undefined ? {} : { errorCode: result.errorCode }),
    ...(result?.message === undefined ? {} : { message: result.message }),
  }
}
