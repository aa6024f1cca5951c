/**
 * What is done about violations at AWS: the mitigation tasks of Detect, and things put into groups by hand. Source: iot
 * API reference, the actions named beside. Absence is `undefined`; everything else that goes wrong is an `AwsProblem`.
 */
import type { DetectMitigationActionsTaskSummary } from '@aws-sdk/client-iot'
import { type AwsOptions, callsOf, clientConfig } from './client.ts'

export type TaskTarget =
  | { readonly violationIds: readonly string[] }
  | { readonly securityProfileName: string; readonly behaviorName?: string }

export interface TaskWish {
  readonly taskId: string
  readonly target: TaskTarget
  readonly actionNames: readonly string[]
  /** Epoch milliseconds, both included. */
  readonly range?: { readonly since: number; readonly until: number }
  readonly isOnlyActive: boolean
  readonly isWithSuppressed: boolean
}

export interface MitigationTask {
  readonly taskId: string
  readonly status: string
  readonly startedAt?: number
  readonly endedAt?: number
  readonly target: Readonly<Record<string, unknown>>
  readonly actionNames: readonly string[]
  readonly executed: number
  readonly failed: number
  readonly skipped: number
}

export interface Execution {
  readonly thingName: string
  readonly violationId: string
  readonly actionName: string
  readonly status: string
  readonly error?: string
}

export interface DetectMitigations {
  readonly region: string
  /** StartDetectMitigationActionsTask; `taskId` is one that nobody else has. */
  start(wish: TaskWish): Promise<void>
  /** DescribeDetectMitigationActionsTask. */
  describe(taskId: string): Promise<MitigationTask | undefined>
  /** CancelDetectMitigationActionsTask. */
  cancel(taskId: string): Promise<void>
  /** ListDetectMitigationActionsTasks, from `since` to `until`. */
  tasks(since: number, until: number): Promise<readonly MitigationTask[]>
  /** ListDetectMitigationActionsExecutions of one task. */
  executions(taskId: string): Promise<readonly Execution[]>
  /** DescribeMitigationAction: the groups that it puts things into; empty of an action of another kind. */
  groupsOfAction(name: string): Promise<readonly string[] | undefined>

  /** DescribeThingGroup. */
  hasThingGroup(name: string): Promise<boolean>
  /** ListThingGroupsForThing; `undefined` of a thing that does not exist. */
  groupsOfThing(thingName: string): Promise<readonly string[] | undefined>
  /** AddThingToThingGroup; no error if it is there. */
  addToGroup(thingName: string, groupName: string): Promise<void>
  /** RemoveThingFromThingGroup; no error if it is not there, or no longer exists. */
  removeFromGroup(thingName: string, groupName: string): Promise<void>
  close(): void
}

/** API reference: the most that a page of any of these lists holds. */
const PAGE_SIZE = 250

export async function openDetectMitigations(options: AwsOptions): Promise<DetectMitigations> {
  const sdk = await import('@aws-sdk/client-iot')
  const client = new sdk.IoTClient(clientConfig(options))
  const { region, call, find, list } = await callsOf('iot', client, options, PAGE_SIZE)

  return {
    region,

    start: async ({ taskId, target, actionNames, range, isOnlyActive, isWithSuppressed }) => {
      const request = {
        taskId,
        // The id names the task; the same one twice starts one task, and so does the same token.
        clientRequestToken: taskId,
        target: 'violationIds' in target ? { violationIds: [...target.violationIds] } : target,
        actions: [...actionNames],
        includeOnlyActiveViolations: isOnlyActive,
        includeSuppressedAlerts: isWithSuppressed,
        ...(range === undefined
          ? {}
          : {
              violationEventOccurrenceRange: {
                startTime: new Date(range.since),
                endTime: new Date(range.until),
              },
            }),
      }
      try {
        await call('StartDetectMitigationActionsTask', () =>
          client.send(new sdk.StartDetectMitigationActionsTaskCommand(request)),
        )
      } catch (error) {
        // The id is ours alone: the SDK tried again after an answer was lost.
        if (((error as Error).cause as Error | undefined)?.name !== 'TaskAlreadyExistsException') throw error
      }
    },

    describe: async (taskId) => {
      const found = await find('DescribeDetectMitigationActionsTask', () =>
        client.send(new sdk.DescribeDetectMitigationActionsTaskCommand({ taskId })),
      )
      return found?.taskSummary === undefined ? undefined : toTask(found.taskSummary)
    },

    cancel: async (taskId) => {
      await call('CancelDetectMitigationActionsTask', () =>
        client.send(new sdk.CancelDetectMitigationActionsTaskCommand({ taskId })),
      )
    },

    tasks: (since, until) =>
      list(
        'ListDetectMitigationActionsTasks',
        (page) => {
          const request = { startTime: new Date(since), endTime: new Date(until), ...page }
          return client.send(new sdk.ListDetectMitigationActionsTasksCommand(request))
        },
        (answer: { tasks?: DetectMitigationActionsTaskSummary[] }) => answer.tasks?.map(toTask),
      ),

    executions: (taskId) =>
      list(
        'ListDetectMitigationActionsExecutions',
        (page) => client.send(new sdk.ListDetectMitigationActionsExecutionsCommand({ taskId, ...page })),
        (answer: { actionsExecutions?: AnsweredExecution[] }) => answer.actionsExecutions?.map(toExecution),
      ),

    groupsOfAction: async (actionName) => {
      const found = await find('DescribeMitigationAction', () =>
        client.send(new sdk.DescribeMitigationActionCommand({ actionName })),
      )
      if (found === undefined) return undefined
      return found.actionParams?.addThingsToThingGroupParams?.thingGroupNames ?? []
    },

    hasThingGroup: async (thingGroupName) => {
      const command = new sdk.DescribeThingGroupCommand({ thingGroupName })
      return (await find('DescribeThingGroup', () => client.send(command))) !== undefined
    },

    groupsOfThing: (thingName) =>
      find('ListThingGroupsForThing', () =>
        list(
          'ListThingGroupsForThing',
          (page) => client.send(new sdk.ListThingGroupsForThingCommand({ thingName, ...page })),
          (answer: { thingGroups?: { groupName?: string }[] }) =>
            answer.thingGroups?.map(({ groupName = '' }) => groupName),
        ),
      ),

    addToGroup: async (thingName, thingGroupName) => {
      await call('AddThingToThingGroup', () =>
        client.send(new sdk.AddThingToThingGroupCommand({ thingName, thingGroupName })),
      )
    },

    removeFromGroup: async (thingName, thingGroupName) => {
      await find('RemoveThingFromThingGroup', () =>
        client.send(new sdk.RemoveThingFromThingGroupCommand({ thingName, thingGroupName })),
      )
    },

    close: () => client.destroy(),
  }
}

function toTask(summary: DetectMitigationActionsTaskSummary): MitigationTask {
  const { taskId = '', taskStatus = 'IN_PROGRESS', taskStartTime, taskEndTime, taskStatistics = {} } = summary
  return {
    taskId,
    status: taskStatus,
    ...(taskStartTime === undefined ? {} : { startedAt: taskStartTime.getTime() }),
    ...(taskEndTime === undefined ? {} : { endedAt: taskEndTime.getTime() }),
    target: { ...summary.target },
    actionNames: (summary.actionsDefinition ?? []).map(({ name = '' }) => name),
    executed: taskStatistics.actionsExecuted ?? 0,
    failed: taskStatistics.actionsFailed ?? 0,
    skipped: taskStatistics.actionsSkipped ?? 0,
  }
}

interface AnsweredExecution {
  readonly thingName?: string
  readonly violationId?: string
  readonly actionName?: string
  readonly status?: string
  readonly errorCode?: string
  readonly message?: string
}

function toExecution(answer: AnsweredExecution): Execution {
  const { thingName = '', violationId = '', actionName = '', status = '', errorCode, message } = answer
  const error = [errorCode, message].filter((each) => each !== undefined).join(': ')
  return { thingName, violationId, actionName, status, ...(error === '' ? {} : { error }) }
}
