/**
 * One agent at a time in a state directory: two would tear each other's files. `agent.lock` names the process that works
 * there by its id and its start (proc_pid_stat(5), field 22, clock ticks since boot) and the boot, so that the lock of a
 * process that was killed, or of a former boot, is nobody's.
 *
 * It is seen through /proc: processes in two containers do not see each other and are not kept apart. On a disk that
 * takes no file there is no lock either, nor anything that could be torn.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, nodeFiles } from './files.ts'

export interface StateLock {
  release(): Promise<void>
}

export interface LockWait {
  /** Called once, with the id of the process that has the lock; it is then waited for. */
  readonly onHeld: (pid: number) => void
  /** Resolves when it is time to look again. */
  readonly sleep: (ms: number) => Promise<void>
  /** Whether to give up; the answer is then no lock. */
  readonly isOver: () => boolean
}

const LOOK_AGAIN_MS = 500
/** Two processes that take over the same old lock in the same instant: the first one finds out after this. */
const TAKE_OVER_MS = 50

/** Waits for as long as another process has it: a process that the nucleus started may have a predecessor that is still ending. */
export async function lockState(directory: string, wait: LockWait): Promise<StateLock | undefined> {
  const path = join(directory, 'agent.lock')
  const own = await identityOf(process.pid)
  if (own === undefined) return unlocked
  for (let wasHeld = false; !wait.isOver(); ) {
    const outcome = await tryLock(directory, path, own, wait)
    if (outcome === 'locked') return { release: () => release(path, own) }
    if (outcome === 'impossible') return unlocked
    if (outcome === 'changed') continue
    if (!wasHeld) wait.onHeld(outcome.pid)
    wasHeld = true
    await wait.sleep(LOOK_AGAIN_MS)
  }
  return undefined
}

const unlocked: StateLock = { release: async () => {} }

async function tryLock(
  directory: string,
  path: string,
  own: string,
  { sleep }: LockWait,
): Promise<'locked' | 'impossible' | 'changed' | { readonly pid: number }> {
  const temporary = `${path}.${process.pid}`
  try {
    await nodeFiles.makeDirectory(directory)
    await writeFile(temporary, own, { mode: 0o600 })
    // With its text from the first instant, unlike a file that is created and then written.
    const isNew = await link(temporary, path).then(
      () => true,
      (error) => {
        if (errorCode(error) === 'EEXIST') return false
        throw error
      },
    )
    if (isNew) return 'locked'
    const pid = await holderOf(path)
    if (pid !== undefined && pid !== process.pid) return { pid }
    await rename(temporary, path)
    await sleep(TAKE_OVER_MS)
    return (await textOf(path)) === own ? 'locked' : 'changed'
  } catch {
    return 'impossible'
  } finally {
    await rm(temporary, { force: true }).catch(() => {})
  }
}

/** The process that has the lock, if it still runs. */
async function holderOf(path: string): Promise<number | undefined> {
  const text = await textOf(path)
  const pid = Number(text?.split(' ', 1)[0])
  return Number.isSafeInteger(pid) && pid > 0 && (await identityOf(pid)) === text ? pid : undefined
}

/** Another's lock stays. */
async function release(path: string, own: string): Promise<void> {
  if ((await textOf(path)) === own) await rm(path, { force: true }).catch(() => {})
}

const textOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined)

/** `<pid> <start> <boot id>`; undefined for a process that is gone, or is only waited for by its parent. */
async function identityOf(pid: number): Promise<string | undefined> {
  const [stat, bootId] = await Promise.all([
    textOf(`/proc/${pid}/stat`),
    textOf('/proc/sys/kernel/random/boot_id'),
  ])
  // The name, in parentheses, may hold spaces and parentheses itself.
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  const start = fields[18] // the 22nd of all; `state` is the third
  if (start === undefined || state === 'Z' || state === 'X') return undefined
  return `${pid} ${start} ${bootId?.trim() ?? ''}`
}
