/**
 * What the agent keeps on disk, below the state directory:
 *
 *   state.json    report ids, traffic accounts, alarms; replaced as a whole
 *   outbox/       messages not yet handed over
 *   history/      datapoints of 14 days, violations of 30
 *   rejected/     the last reports that Device Defender could not read, each with its reason
 *   status.json   for `defender status`; also answered on `StatusSocket` where it is set
 *   agent.lock    the process that works there
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../src/config/settings.ts'
import type { Logger } from '../src/log/logger.ts'
import {
  AGENT_STATE_VERSION,
  type AgentState,
  initialState,
  parseAgentState,
  printAgentState,
} from '../src/monitor/agent-state.ts'
import type { Stores } from '../src/monitor/ports.ts'
import type { Health } from '../src/report/health.ts'
import type { Clock } from '../src/schedule/clock.ts'
import { openHistory } from '../src/store/history.ts'
import { openOutbox } from '../src/store/outbox.ts'
import { readState, writeState } from '../src/store/state-file.ts'
import { lockState } from '../src/store/state-lock.ts'
import { serveStatus, writeStatus } from '../src/store/status.ts'

/** The newest are the most telling; more of the same kind tell nothing new. */
const REJECTED_MAX = 10
const HOUR_MS = 3_600_000

/** Waits while another agent works in the same directory; undefined when `signal` is aborted meanwhile. */
export async function openStores(
  config: Config,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<Stores | undefined> {
  const directory = config.stateDirectory ?? process.cwd()
  const lock = await lockState(directory, {
    onHeld: (pid) =>
      log.error(
        'waiting for another agent, which works in the same directory: stop it, or give one of the two another StateDirectory',
        { directory, pid },
      ),
    onImpossible: (error) =>
      log.warn('no lock: another agent here would not be noticed', { directory, error }),
    sleep: (ms) => clock.sleep(ms, signal),
    isOver: () => signal.aborted,
  })
  if (lock === undefined) return undefined
  const statePath = join(directory, 'state.json')
  const outbox = await openOutbox(join(directory, 'outbox'), {
    now: () => clock.wallMs(),
    bytesMax: config.outboxMaxBytes,
    ageMsMax: config.outboxMaxAgeHours * HOUR_MS,
  })
  const history = await openHistory(join(directory, 'history'))
  let lastHealth: Health | undefined
  const socket =
    config.statusSocket === undefined
      ? undefined
      : await serveStatus(config.statusSocket, () => lastHealth).catch((error) => {
          log.warn('status socket cannot be opened', { path: config.statusSocket, error })
        })
  let isFailing = false
  let isStatusFailing = false
  let statusWritten: Promise<void> = Promise.resolve()

  return {
    outbox,
    history,

    loadState: async () => {
      const read = await readState(statePath, { version: AGENT_STATE_VERSION, parse: parseAgentState })
      if (read.kind === 'found') return read.state
      if (read.kind !== 'absent') log.warn('state not usable; starting afresh', { path: statePath, ...read })
      return initialState
    },

    saveState: async (state: AgentState) => {
      const written = await writeState(statePath, { version: AGENT_STATE_VERSION }, printAgentState(state))
      const hasFailed = written.kind === 'failed'
      if (hasFailed && !isFailing)
        log.error('state cannot be stored; going on from memory', { path: statePath, ...written })
      if (!hasFailed && isFailing) log.info('state is stored again')
      isFailing = hasFailed
    },

    // One after the other: they share a temporary file.
    writeStatus: (health) => {
      lastHealth = health
      statusWritten = statusWritten.then(async () => {
        const written = await writeStatus(join(directory, 'status.json'), health)
        const hasFailed = written.kind === 'failed'
        if (hasFailed && !isStatusFailing) log.warn('status file cannot be written', { ...written })
        isStatusFailing = hasFailed
      })
      return statusWritten
    },

    keepRejected: async (reportId, reason, payload) => {
      try {
        await keepRejected(join(directory, 'rejected'), reportId, reason, payload)
      } catch (error) {
        log.warn('rejected report could not be kept', { reportId, error })
      }
    },

    close: async () => {
      await socket?.close()
      await outbox.close()
      await history.close()
      await lock.release()
    },
  }
}

async function keepRejected(
  directory: string,
  reportId: number,
  reason: string,
  payload: Uint8Array,
): Promise<void> {
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await writeFile(join(directory, `${reportId}.payload`), payload, { mode: 0o600 })
  await writeFile(join(directory, `${reportId}.reason.txt`), `${reason}\n`, { mode: 0o600 })
  // Report ids grow, and have the same number of digits for the next 260 years.
  const names = (await readdir(directory)).sort()
  for (const name of names.slice(0, Math.max(0, names.length - REJECTED_MAX * 2)))
    await rm(join(directory, name))
}
