/**
 * Processes: how many there are, and which of them holds a socket.
 *
 * Source: proc(5), proc_pid_fd(5): `<pid>/fd/<n>` links to `socket:[<inode>]`; proc_pid_exe(5), proc_pid_comm(5),
 * proc_pid_cgroup(5). To follow the links of another user's process takes CAP_SYS_PTRACE or root (ptrace(2), "Ptrace
 * access mode checking").
 */
import { ProcReadError } from './parse-error.ts'
import type { ProcFs } from './proc-fs.ts'

export interface Process {
  readonly pid: number
  /**
   * Path of the program as the process sees it, with the kernel's ` (deleted)` behind it if the file is gone; where it
   * cannot be read, the process's name, which the process can choose itself.
   */
  readonly executable: string
  /** 64 hexadecimal digits, as Docker, containerd, CRI-O and podman name containers; absent outside of them. */
  readonly containerId?: string
}

export interface SocketSearch {
  /** By inode. */
  readonly holders: ReadonlyMap<string, Process>
  /** Processes whose descriptors we may not see. */
  readonly deniedCount: number
  /** Given up before every process was looked at. */
  readonly isCut: boolean
}

/** Number of processes: the entries of the mount point that are process ids (proc(5): numerical subdirectories). */
export const countProcesses = (proc: ProcFs): number => processIds(proc).length

/** Links followed in one search: descriptors of some thousand processes, about 100 ms. */
const LINKS_MAX = 50_000

/**
 * Finds a process for each inode, newest processes first: what has just opened a socket was mostly just started. A socket
 * that several share, as workers do, is the newest one's.
 * @param isTimeUp asked before each process, and now and then within one
 */
export function findSocketHolders(
  proc: ProcFs,
  inodes: ReadonlySet<string>,
  isTimeUp: () => boolean,
): SocketSearch {
  const holders = new Map<string, Process>()
  const found = (isCut: boolean): SocketSearch => ({ holders, deniedCount, isCut })
  let deniedCount = 0
  let linksLeft = LINKS_MAX
  for (const pid of processIds(proc).sort((a, b) => b - a)) {
    if (holders.size === inodes.size) break
    if (linksLeft <= 0 || isTimeUp()) return found(true)
    const descriptors = attempt(() => proc.listFolder(`${pid}/fd`, linksLeft))
    if (descriptors.kind === 'denied') deniedCount += 1
    // Gone in the meantime: it holds nothing any more.
    if (descriptors.kind !== 'found') continue
    for (const descriptor of descriptors.value) {
      linksLeft -= 1
      if (linksLeft % LINKS_BETWEEN_LOOKS === 0 && isTimeUp()) return found(true)
      const inode = socketInode(proc, `${pid}/fd/${descriptor}`)
      if (inode === undefined || !inodes.has(inode) || holders.has(inode)) continue
      holders.set(inode, describeProcess(proc, pid))
    }
  }
  return found(linksLeft <= 0)
}

/** About a millisecond's worth. */
const LINKS_BETWEEN_LOOKS = 256

const processIds = (proc: ProcFs): number[] =>
  proc
    .list()
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

function socketInode(proc: ProcFs, path: string): string | undefined {
  const link = attempt(() => proc.readLink(path))
  return link.kind === 'found' ? /^socket:\[(\d+)\]$/.exec(link.value)?.[1] : undefined
}

function describeProcess(proc: ProcFs, pid: number): Process {
  const executable = attempt(() => proc.readLink(`${pid}/exe`))
  const cgroup = attempt(() => proc.readText(`${pid}/cgroup`))
  const containerId = cgroup.kind === 'found' ? parseContainerId(cgroup.value) : undefined
  return {
    pid,
    executable: executable.kind === 'found' ? executable.value : commOf(proc, pid),
    ...(containerId === undefined ? {} : { containerId }),
  }
}

function commOf(proc: ProcFs, pid: number): string {
  const comm = attempt(() => proc.readText(`${pid}/comm`))
  return comm.kind === 'found' ? comm.value.trimEnd() : ''
}

/**
 * The innermost container of a process, from its cgroup's path (`hierarchy:controllers:path`, one line in cgroup v2):
 *
 *   /docker/<id>                                   Docker, cgroup v1
 *   /system.slice/docker-<id>.scope                Docker, systemd
 *   /kubepods.slice/…/cri-containerd-<id>.scope    containerd; crio-<id>.scope for CRI-O
 *   /kubepods/burstable/pod<uid>/<id>
 *   /machine.slice/libpod-<id>.scope/container     podman
 *
 * `libpod-conmon-<id>.scope` is podman's monitor of the container, which runs outside of it.
 */
export function parseContainerId(cgroup: string): string | undefined {
  for (const line of cgroup.split('\n')) {
    const path = line.split(':').slice(2).join(':')
    const id = path
      .split('/')
      .map(containerIdOf)
      .findLast((each) => each !== undefined)
    if (id !== undefined) return id
  }
  return undefined
}

function containerIdOf(folder: string): string | undefined {
  const match = /^(?:([a-z-]+)-)?([0-9a-f]{64})(?:\.scope)?$/.exec(folder)
  return match?.[1]?.endsWith('conmon') === true ? undefined : match?.[2]
}

type Attempt<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'denied' } // the kernel does not let us see it
  | { readonly kind: 'absent' } // the process ended, or never had it (a kernel thread has no program)

function attempt<T>(read: () => T): Attempt<T> {
  try {
    return { kind: 'found', value: read() }
  } catch (error) {
    if (!(error instanceof ProcReadError)) throw error
    return { kind: isDenial(error.cause) ? 'denied' : 'absent' }
  }
}

const isDenial = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM')
