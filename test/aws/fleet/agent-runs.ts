/** The agent's process on a simulated device: when it runs, ends, and begins anew. */
import type { SimulatedDevice } from './device.ts'
import type { Fates } from './fate.ts'
import { LATE_CRASH_MS } from './options.ts'
import { BROKEN_STATUS } from './results.ts'

/** A crash that is to come, and the installation that it is about. */
export interface ComingCrash {
  readonly atMs: number
  readonly installedMs: number
}

/** Notes what a deployment has made of the agent. @param wasRestarted also if its version is the same */
export function noteAgent(
  device: SimulatedDevice,
  component: string,
  wasRestarted: boolean,
  fates: Fates,
  atMs: number,
): ComingCrash | undefined {
  const agent = device.components.get(component)
  const run = device.runs.at(-1)
  const isSame = agent?.state === 'RUNNING' && run?.version === agent.version && !wasRestarted
  if (isSame && run?.endedMs === undefined) return undefined
  if (run !== undefined) run.endedMs ??= atMs
  if (agent?.state !== 'RUNNING') return undefined
  const { violationsPerDay = 0, lateCrashMs = LATE_CRASH_MS } = fates.behaviorOf(agent.version)
  const fate = fates.of(agent.version, device.index)
  device.runs.push({
    version: agent.version,
    sinceMs: atMs,
    isAccepted: fate !== 'silent',
    violationsPerDay,
  })
  return fate === 'late-crash' ? { atMs: atMs + lateCrashMs, installedMs: agent.changedMs } : undefined
}

/** The agent goes BROKEN, unless something else has been installed meanwhile. */
export function crash(device: SimulatedDevice, component: string, { atMs, installedMs }: ComingCrash): void {
  const agent = device.components.get(component)
  if (agent === undefined || agent.changedMs !== installedMs) return
  const broken = { ...agent, ...BROKEN_STATUS, state: 'BROKEN' as const, changedMs: atMs }
  device.components = new Map([...device.components, [component, broken]])
  device.changedMs = atMs
  const run = device.runs.at(-1)
  if (run !== undefined) run.endedMs ??= atMs
}
