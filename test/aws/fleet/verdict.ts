/**
 * How a deployment ends on a device, and what is installed there then. The classic nucleus goes back to what it ran
 * before where the deployment asks for it; the lite nucleus does not.
 * Source: greengrassv2 API reference, DeploymentPolicies, failureHandlingPolicy.
 */
import type { ExecutionResult, StoredDeployment } from '../greengrass/state.ts'
import { type DeviceComponent, LITE, type SimulatedDevice } from './device.ts'
import type { Fates } from './fate.ts'
import type { Installer } from './install.ts'
import {
  BROKEN_STATUS,
  bare,
  brokenComponent,
  type FailedOutcome,
  noArtifact,
  noVersion,
  SUCCESSFUL,
} from './results.ts'
import type { Supply } from './supply.ts'

export interface Verdict {
  readonly isSuccess: boolean
  readonly result: ExecutionResult
  /** What is installed from now on, where that has changed. */
  readonly components?: ReadonlyMap<string, DeviceComponent>
  /** Whether the agent was started anew although its version is the same: it was taken back. */
  readonly hasRestarted: boolean
}

export interface Circumstances {
  /** The component whose versions have fates. */
  readonly agent: string
  readonly fates: Fates
  readonly installer: Installer
  readonly supply: Supply
}

export function judge(
  device: SimulatedDevice,
  deployment: StoredDeployment,
  atMs: number,
  { agent, fates, installer, supply }: Circumstances,
): Verdict {
  const installation = installer.install(device, deployment, atMs)
  if (installation.kind === 'conflict') {
    return failed(device, noVersion(installation.component, installation.versions))
  }
  const { components } = installation
  for (const [name, { componentVersion }] of Object.entries(deployment.components)) {
    const obstacle =
      device.components.get(name)?.version === componentVersion ? undefined : supply(name, componentVersion)
    if (obstacle !== undefined) return failed(device, obstacle)
  }
  const version = deployment.components[agent]?.componentVersion
  const present = device.components.get(agent)
  const isTried = version !== undefined && (present?.version !== version || present.state === 'BROKEN')
  const fate = isTried ? fates.of(version, device.index) : 'well'
  if (version !== undefined && fate === 'no-download') return failed(device, noArtifact(agent, version))
  if (version === undefined || fate !== 'crash') {
    return { isSuccess: true, result: SUCCESSFUL, components, hasRestarted: present?.state === 'BROKEN' }
  }
  const outcome = outcomeOf(device, deployment, fates.canGoBack(version, device.index))
  const said = brokenComponent(outcome, agent)
  if (outcome === 'FAILED_ROLLBACK_COMPLETE') return { ...failed(device, said), hasRestarted: true }
  const broken = { ...(components.get(agent) as DeviceComponent), ...BROKEN_STATUS, state: 'BROKEN' as const }
  return { ...failed(device, said), components: new Map([...components, [agent, broken]]) }
}

function outcomeOf(
  device: SimulatedDevice,
  { content }: StoredDeployment,
  canGoBack: boolean,
): FailedOutcome {
  const { failureHandlingPolicy = 'ROLLBACK' } = (content.deploymentPolicies ?? {}) as {
    failureHandlingPolicy?: string
  }
  if (device.kind === LITE || failureHandlingPolicy !== 'ROLLBACK') return 'FAILED_ROLLBACK_NOT_REQUESTED'
  return canGoBack ? 'FAILED_ROLLBACK_COMPLETE' : 'FAILED_UNABLE_TO_ROLLBACK'
}

const failed = (device: SimulatedDevice, result: ExecutionResult): Verdict => ({
  isSuccess: false,
  result: device.kind === LITE ? bare(result) : result,
  hasRestarted: false,
})
