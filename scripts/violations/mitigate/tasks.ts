/** `defender violations mitigate describe|cancel|list`: how the mitigation tasks of Detect go, and the end of one. */
import type { MitigationTask } from '../../aws/detect-mitigations.ts'
import { OperatorProblem } from '../../aws/operator-io.ts'
import type { AccountOptions, ExitStatus } from '../../plan/io.ts'
import { formatInstant } from '../../render/numbers.ts'
import { loadTable } from '../../render/table.ts'
import { printable } from '../../render/terminal.ts'
import type { ViolationsIo } from '../io.ts'
import { withMitigations } from './session.ts'

export const describe = (taskId: string, flags: AccountOptions, io: ViolationsIo): Promise<ExitStatus> =>
  withMitigations(flags, io, async (mitigations) => {
    const task = await mitigations.describe(taskId)
    if (task === undefined)
      throw new OperatorProblem(`${taskId}: there is no such task in ${mitigations.region}`)
    const executions = await mitigations.executions(taskId)
    if (flags.output === 'json') {
      io.write(`${JSON.stringify({ ...task, executions }, null, 2)}\n`)
      return statusOf(task)
    }
    io.write(`${taskText(task)}\n`)
    if (executions.length > 0) {
      const drawTable = await loadTable(io.style)
      io.write(
        `${drawTable(
          [
            { heading: 'Thing', max: 30 },
            { heading: 'Action', max: 20 },
            { heading: 'Status', max: 11 },
            { heading: 'Error', max: 60 },
          ],
          executions.map(({ thingName, actionName, status, error = '' }) => [
            thingName,
            actionName,
            status.toLowerCase(),
            error,
          ]),
        )}\n`,
      )
    }
    return statusOf(task)
  })

const statusOf = ({ status }: MitigationTask): ExitStatus => (status === 'FAILED' ? 1 : 0)

function taskText({
  taskId,
  status,
  startedAt,
  actionNames,
  executed,
  failed,
  skipped,
}: MitigationTask): string {
  const when = startedAt === undefined ? '' : `, started ${formatInstant(startedAt)} UTC`
  return `${printable(taskId)}: ${status.toLowerCase().replace('_', ' ')}${when}, ${printable(actionNames.join(', '))}: ${executed} done, ${failed} failed, ${skipped} skipped`
}

export const cancel = (taskId: string, flags: AccountOptions, io: ViolationsIo): Promise<ExitStatus> =>
  withMitigations(flags, io, async (mitigations) => {
    await mitigations.cancel(taskId)
    const task = await mitigations.describe(taskId)
    if (flags.output === 'json') io.write(`${JSON.stringify(task ?? {}, null, 2)}\n`)
    else
      io.write(`${task === undefined ? `${taskId}: canceled` : taskText(task)}\nWhat was done stays done.\n`)
    return 0
  })

/** General Reference, quotas of Device Defender: tasks are kept for 90 days. */
const TASKS_KEPT_MS = 90 * 86_400_000

export const listTasks = (flags: AccountOptions, io: ViolationsIo): Promise<ExitStatus> =>
  withMitigations(flags, io, async (mitigations) => {
    const now = io.clock.wallMs()
    const tasks = await mitigations.tasks(now - TASKS_KEPT_MS, now)
    if (flags.output === 'json') io.write(`${JSON.stringify({ tasks }, null, 2)}\n`)
    else if (tasks.length === 0) io.write(`No mitigation tasks in ${mitigations.region}.\n`)
    else for (const task of tasks) io.write(`${taskText(task)}\n`)
    return 0
  })
