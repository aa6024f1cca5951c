/** The commands as an operator types them, with the real AWS SDK, against the stand-in with its fleet. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type DeploymentContent, openDeployments } from '../../../scripts/aws/deployments.ts'
import { openFleetDevices } from '../../../scripts/aws/fleet-devices.ts'
import { rollbackCommand } from '../../../scripts/commands/rollback.ts'
import { rolloutCommand } from '../../../scripts/commands/rollout.ts'
import { statusCommand } from '../../../scripts/commands/status.ts'
import type { RolloutIo } from '../../../scripts/rollout/io.ts'
import { FolderObservations } from '../../../scripts/rollout/observations.ts'
import { CREDENTIALS, useCredentials } from '../../aws/credentials.ts'
import type { FleetOptions } from '../../aws/fleet/options.ts'
import { type FleetAws, startFleet } from '../../aws/fleet/start.ts'
import { type Run as RecordedRun, recordOutput } from '../../helpers/recorded-output.ts'

export const COMPONENT = 'community.greengrass.DeviceDefender'
export const groupArn = (name: string) => `arn:aws:iot:eu-west-1:123456789012:thinggroup/${name}`

export interface Run extends RecordedRun {
  /** What was printed with `--output json`. */
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

export interface Bench {
  readonly aws: FleetAws
  readonly folder: string
  file(name: string, content: unknown): string
  /** Creates a deployment as somebody else would, and lets the devices take it. */
  deploy(content: DeploymentContent): Promise<string>
  /** The content in force for a group. */
  latest(group: string): Promise<DeploymentContent>
  rollout(words: readonly string[], io?: Partial<RolloutIo>): Promise<Run>
  rollback(words: readonly string[], io?: Partial<RolloutIo>): Promise<Run>
  /** `defender status` for a fleet. */
  fleetStatus(words: readonly string[], io?: Partial<RolloutIo>): Promise<Run>
  close(): Promise<void>
}

export async function openBench(fleet: FleetOptions, pageMax?: number): Promise<Bench> {
  const aws = await startFleet({ fleet, ...(pageMax === undefined ? {} : { pageMax }) })
  const folder = mkdtempSync(join(tmpdir(), 'defender-rollout-'))
  useCredentials(folder, { ...CREDENTIALS, AWS_MAX_ATTEMPTS: '2' })
  const plane = await openDeployments({ endpoint: aws.endpoint })

  async function run(
    create: (io: RolloutIo) => Command,
    words: readonly string[],
    io: Partial<RolloutIo>,
  ): Promise<Run> {
    const recorded = recordOutput()
    const command = create({
      ...recorded.io,
      clock: aws.fleet.clock,
      openDeployments,
      openFleetDevices,
      openObservations: (path) => new FolderObservations(path),
      ...io,
    }).exitOverride()
    command.configureOutput({ writeErr: recorded.writeErr })
    await command.parseAsync([...words, '--endpoint-url', aws.endpoint], { from: 'user' })
    const events = words.includes('json')
      ? recorded.seen.out
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line))
      : []
    return { ...recorded.seen, events }
  }

  return {
    aws,
    folder,
    file: (name, content) => {
      const path = join(folder, name)
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
      return path
    },
    deploy: async (content) => {
      const id = await plane.create(content, `setup-${aws.calls.length}`)
      aws.fleet.settle()
      return id
    },
    latest: async (group) => {
      const id = await plane.latestId(groupArn(group))
      const found = id === undefined ? undefined : await plane.get(id)
      if (found === undefined) throw new Error(`no deployment for ${group}`)
      return found.content
    },
    rollout: (words, io = {}) => run(rolloutCommand, words, io),
    rollback: (words, io = {}) => run(rollbackCommand, words, io),
    fleetStatus: (words, io = {}) => run(statusCommand, words, io),
    close: async () => {
      plane.close()
      await aws.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Seven components of other people, with everything that a deployment can say about them. */
export const foreign: DeploymentContent['components'] = {
  'aws.greengrass.Nucleus': {
    componentVersion: '2.12.0',
    configurationUpdate: { merge: '{"telemetry":{"enabled":false},  "logging":{"level":"WARN"}}' },
  },
  'aws.greengrass.Cli': { componentVersion: '2.12.6' },
  'aws.greengrass.TokenExchangeService': { componentVersion: '2.0.3' },
  'aws.greengrass.ShadowManager': {
    componentVersion: '2.3.9',
    configurationUpdate: {
      merge: '{"strategy":{"type":"realTime"}}',
      reset: ['/synchronize', '/strategy/delay'],
    },
  },
  'com.example.Camera': {
    componentVersion: '4.0.0-rc.1',
    runWith: { posixUser: 'camera:video', systemResourceLimits: { memory: 262_144, cpus: 1.5 } },
    configurationUpdate: { merge: '{"fps": 30.0, "zones": [ 1, 2 ]}' },
  },
  'com.example.Dock': { componentVersion: '1.0.0', configurationUpdate: { reset: [''] } },
  'com.example.Ümläut-free': { componentVersion: '0.0.1', runWith: { windowsUser: 'dock' } },
}

export const foreignContent = (group: string, component?: object): DeploymentContent => ({
  targetArn: groupArn(group),
  deploymentName: 'Line 4, everything',
  components: {
    ...foreign,
    ...(component === undefined ? {} : { [COMPONENT]: component as { componentVersion: string } }),
  },
  deploymentPolicies: {
    failureHandlingPolicy: 'ROLLBACK',
    componentUpdatePolicy: { timeoutInSeconds: 45, action: 'SKIP_NOTIFY_COMPONENTS' },
    configurationValidationPolicy: { timeoutInSeconds: 12 },
  },
  iotJobConfiguration: {
    jobExecutionsRolloutConfig: { maximumPerMinute: 900 },
    timeoutConfig: { inProgressTimeoutInMinutes: 77 },
  },
  tags: { team: 'line-4', 'cost-center': '00 17' },
})

/** All of a content but what this program may change. */
export function foreignPart({ components, tags = {}, ...rest }: DeploymentContent): object {
  return {
    ...rest,
    components: Object.fromEntries(Object.entries(components).filter(([name]) => name !== COMPONENT)),
    tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith('greengrass-defender:'))),
  }
}
