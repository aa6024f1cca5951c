/**
 * One agent at a time in a state directory: two would tear each other's files. `agent.lock` names the process that works
 * there by its id and its start (proc_pid_stat(5), field 22, clock ticks since boot) and the boot, so that the lock of a
 * process that was killed, or of a former boot, is nobody's.
 *
 * It is seen through /proc: processes in two containers do not see each other and are not kept apart. On a disk that
 * takes no file there is no lock.
 */
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, nodeFiles } from './files.ts'

export interface StateLock {
  release(): Promise<void>
}

export interface LockWait {
  /** Called each hour, at first at once, with the id of the process that has the lock and is waited for. */
  readonly onHeld: (pid: number) => void
  /** There can be no lock here, and nobody is known to have one. */
  readonly onImpossible: (error: unknown) => void
  /** Resolves when it is time to look again. */
  readonly sleep: (ms: number) => Promise<void>
  /** Whether to give up; the answer is then no lock. */
  readonly isOver: () => boolean
}

const NAME = 'agent.lock'
const LOOK_AGAIN_MS = 500
const LOOKS_AN_HOUR = 3_600_000 / LOOK_AGAIN_MS

/** Waits for as long as another process has it: one that the nucleus started may have a predecessor that is still ending. */
export async function lockState(directory: string, wait: LockWait): Promise<StateLock | undefined> {
  const own = await identityOf(process.pid)
  const path = join(directory, NAME)
  for (let looks = 0; !wait.isOver(); ) {
    const outcome = await tryLock(directory, own)
    if (outcome.kind === 'locked') {
      await removeLeftovers(directory)
      return { release: () => release(path, own) }
    }
    if (outcome.kind === 'impossible') {
      wait.onImpossible(outcome.error)
      return { release: async () => {} }
    }
    if (outcome.kind === 'changed') continue
    if (looks % LOOKS_AN_HOUR === 0) wait.onHeld(outcome.pid)
    looks += 1
    await wait.sleep(LOOK_AGAIN_MS)
  }
  return undefined
}

type Outcome =
  | { readonly kind: 'locked' }
  | { readonly kind: 'held'; readonly pid: number }
  | { readonly kind: 'changed' } // an old lock is out of the way
  | { readonly kind: 'impossible'; readonly error: unknown }

async function tryLock(directory: string, own: string | undefined): Promise<Outcome> {
  const path = join(directory, NAME)
  try {
    if (own === undefined) throw new Error('/proc does not tell of this process')
    await nodeFiles.makeDirectory(directory)
    if (await create(path, own)) return { kind: 'locked' }
    return (await heldAt(path)) ?? (await moveAside(path))
  } catch (error) {
    // A full disk must not let a second one in.
    return (await heldAt(path)) ?? { kind: 'impossible', error }
  }
}

const temporaryOf = (path: string, use: string): string => `${path}.${process.pid}.${use}`

/** False where it is there already. It has its text from the first instant, unlike a file that is created and then written. */
async function create(path: string, text: string): Promise<boolean> {
  const temporary = temporaryOf(path, 'new')
  try {
    await rm(temporary, { force: true })
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx' })
    await link(temporary, path).catch((error) => {
      // File systems without hard links, such as FAT.
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errorCode(error))) throw error
      return writeFile(path, text, { mode: 0o600, flag: 'wx' })
    })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true }).catch(() => {})
  }
}

/** An old lock. Not written over: between looking and writing another may have got it, which is seen once it is moved. */
async function moveAside(path: string): Promise<Outcome> {
  const aside = temporaryOf(path, 'old')
  await rename(path, aside).catch((error) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
  const held = await heldAt(aside)
  if (held !== undefined) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
  return held ?? { kind: 'changed' }
}

/** Of processes that were killed amid all this. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = /^agent\.lock\.(\d+)\./.exec(name)?.[1]
    if (pid === undefined || (await identityOf(Number(pid))) !== undefined) continue
    await rm(join(directory, name), { force: true }).catch(() => {})
  }
}

/** Another process that has the lock, if it still runs. */
async function heldAt(path: string): Promise<Extract<Outcome, { kind: 'held' }> | undefined> {
  const pid = await holderOf(path)
  return pid === undefined || pid === process.pid ? undefined : { kind: 'held', pid }
}

/** The process that has the lock, if it still runs. */
async function holderOf(path: string): Promise<number | undefined> {
  const text = await textOf(path)
  const pid = Number(text?.split(' ', 1)[0])
  return Number.isSafeInteger(pid) && pid > 0 && (await identityOf(pid)) === text ? pid : undefined
}

/** Another's lock stays. */
async function release(path: string, own: string | undefined): Promise<void> {
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
