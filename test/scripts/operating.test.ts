/**
 * docs/operating.md, run: each command of the page against the stand-in with its fleet, in the page's order, and what it
 * prints is what stands there. After a change of what is printed: `npm test -- test/scripts/operating.test.ts -u`, then
 * read the difference.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { openDeployments } from '../../scripts/aws/deployments.ts'
import { openFleetDevices } from '../../scripts/aws/fleet-devices.ts'
import type { OperatorIo } from '../../scripts/aws/operator-io.ts'
import { doctorCommand } from '../../scripts/commands/doctor.ts'
import { publishCommand } from '../../scripts/commands/publish.ts'
import { rollbackCommand } from '../../scripts/commands/rollback.ts'
import { rolloutCommand } from '../../scripts/commands/rollout.ts'
import { setupCommand } from '../../scripts/commands/setup.ts'
import { statusCommand } from '../../scripts/commands/status.ts'
import { policyDocument } from '../../scripts/doctor/policies/documents.ts'
import type { PublishIo } from '../../scripts/publish/run.ts'
import { terminalStyle } from '../../scripts/render/terminal.ts'
import type { RolloutIo } from '../../scripts/rollout/io.ts'
import { FolderObservations } from '../../scripts/rollout/observations.ts'
import { useCredentials } from '../aws/credentials.ts'
import { collectMessages } from '../aws/fleet/messages.ts'
import { type FleetAws, startFleet } from '../aws/fleet/start.ts'
import { addRole } from '../aws/iam/state.ts'
import { ACCESS_KEY } from '../aws/server.ts'
import { foreignContent } from './rollout/bench.ts'

const root = new URL('../..', import.meta.url).pathname
const page = join(root, 'docs/operating.md')
const NAMES = ['community.greengrass.DeviceDefender', 'community.greengrass.DeviceDefender.Docker']
const ALIAS = 'GreengrassCoreTokenExchangeRoleAlias'
const REGION = 'eu-west-1'
const ACCOUNT = '123456789012'
const CERTIFICATE = `arn:aws:iot:${REGION}:${ACCOUNT}:cert/0123456789abcdef`
const place = {
  partition: 'aws',
  region: REGION,
  accountId: ACCOUNT,
  bucket: `greengrass-defender-${REGION}-${ACCOUNT}`,
  roleAlias: ALIAS,
}

test('docs/operating.md is what its commands print', { timeout: 120_000 }, async () => {
  const text = readFileSync(page, 'utf8')
  const walk = await openWalk()
  try {
    const parts: string[] = []
    for (const part of text.split(/(?=^```console\n)|(?=^<!-- version )/m)) {
      const [, version] = /^<!-- version (\S+) -->/.exec(part) ?? []
      if (version !== undefined) walk.build(version)
      const [block, command] = /^```console\n\$ npx defender (.*)\n[\s\S]*?^```$/m.exec(part) ?? []
      if (block === undefined || command === undefined) parts.push(part)
      else
        parts.push(
          '```console\n$ npx defender ',
          command,
          '\n',
          await walk.run(command),
          '```',
          part.slice(block.length),
        )
    }
    await expect(withStableHashes(parts.join(''))).toMatchFileSnapshot(page)
  } finally {
    await walk.close()
  }
})

/** Fingerprints and digests follow the recipes' bytes; on the page they stay the same: those of their order on it. */
function withStableHashes(text: string): string {
  const known = new Map<string, string>()
  return text.replaceAll(/\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g, (hash) => {
    if (/^\d+$/.test(hash)) return hash
    const stable =
      known.get(hash) ?? createHash('sha256').update(`page ${known.size}`).digest('hex').slice(0, hash.length)
    known.set(hash, stable)
    return stable
  })
}

async function openWalk() {
  const folder = mkdtempSync(join(tmpdir(), 'defender-operating-'))
  useCredentials(folder, {
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
  })
  const aws = await startFleet({
    region: REGION,
    accountId: ACCOUNT,
    fleet: {
      devices: 200,
      groups: { canary: 6, 'ten-percent': 20, everyone: 174 },
      liteShare: 0.2,
      versions: { '0.1.0': { violationsPerDay: 1 }, '0.2.0': { crashShare: 0.34, violationsPerDay: 1 } },
    },
  })
  aws.greengrass.componentTimes = { initiatedMs: 500, settledMs: 3000 }
  await prepare(aws)
  const build = (version: string) => writeBuild(folder, version)
  build('0.1.0')
  const messages = join(folder, 'messages')
  const collect = collectMessages(aws.fleet, messages)

  return {
    build,
    run: async (line: string): Promise<string> => {
      let out = ''
      const add = (text: string) => {
        out += text
      }
      let status: number | undefined
      const words = line.split(' ').map((word) => (word === 'messages' ? messages : word))
      const [name = ''] = words
      const io: OperatorIo & PublishIo & Omit<RolloutIo, 'exit'> = {
        style: terminalStyle({}, {}),
        clock: aws.fleet.clock,
        write: add,
        writeError: (text) => add(`defender ${name}: ${text}\n`),
        exit: (given: number) => {
          status = given
        },
        interruption: () => ({ signal: new AbortController().signal, stop: () => {} }),
        // Built already: in a test of its own, and here with an artifact whose bytes do not change.
        build: async () => undefined,
        openDeployments,
        openFleetDevices,
        openObservations: (path) => {
          const observations = new FolderObservations(path)
          return {
            of: (thing) => observations.of(thing),
            get strangeLines() {
              return observations.strangeLines
            },
            refresh: async () => {
              collect()
              await observations.refresh()
            },
          }
        },
      }
      const program = new Command('defender').exitOverride().configureOutput({ writeErr: add, writeOut: add })
      const commands = [
        setupCommand(io),
        doctorCommand(io),
        publishCommand(io),
        rolloutCommand(io as RolloutIo),
        rollbackCommand(io as RolloutIo),
        statusCommand(io as RolloutIo),
      ]
      for (const command of commands) program.addCommand(command.exitOverride())
      const inFolder = ['setup', 'doctor', 'publish'].includes(name) ? ['--directory', folder] : []
      await program.parseAsync([name, ...inFolder, '--endpoint-url', aws.endpoint, ...words.slice(1)], {
        from: 'user',
      })
      const ending = status === 0 ? '' : `[exit status ${status}]\n`
      return `${out.replaceAll(folder, '.').replaceAll(/[ \t]+$/gm, '')}${ending}`
    },
    close: async () => {
      await aws.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An account with core devices that other people's components run on, and nothing of ours. */
async function prepare(aws: FleetAws): Promise<void> {
  const { arn } = addRole(aws.account, { name: 'GreengrassV2TokenExchangeRole', inline: {} })
  aws.account.roleAliases.set(ALIAS, arn)
  for (const thing of aws.fleet.things()) {
    const found = aws.account.registry.things.get(thing)
    found?.principals.add(CERTIFICATE)
  }
  aws.account.iotPolicies.set('defender', {
    name: 'defender',
    arn: `arn:aws:iot:${REGION}:${ACCOUNT}:policy/defender`,
    document: JSON.stringify(policyDocument('thing', place)),
    targets: new Set([CERTIFICATE]),
  })
  const plane = await openDeployments({ endpoint: aws.endpoint })
  for (const group of ['canary', 'ten-percent', 'everyone']) {
    const { components, ...content } = foreignContent(group)
    const { 'aws.greengrass.Nucleus': nucleus, 'com.example.Camera': camera } = components
    const kept = { 'aws.greengrass.Nucleus': nucleus, 'com.example.Camera': camera } as typeof components
    await plane.create({ ...content, components: kept }, `prepare-${group}`)
  }
  plane.close()
  aws.fleet.settle()
  // Their agents' past, to compare with, is of the days before.
  aws.fleet.advance(3 * 86_400_000)
}

/** What `npm run component:build` leaves, with an artifact of the usual size whose bytes never change. */
function writeBuild(folder: string, version: string): void {
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  rmSync(join(folder, 'greengrass-build'), { recursive: true, force: true })
  const current = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
  const artifact = Buffer.alloc(200_000, createHash('sha256').update(version).digest())
  for (const name of NAMES) {
    const recipe = readFileSync(join(root, 'recipes', `${name}.yaml`), 'utf8').replaceAll(current, version)
    write(`greengrass-build/recipes/${name}.yaml`, recipe)
    write(`greengrass-build/artifacts/${name}/${version}/greengrass-defender.zip`, artifact)
  }
  const gdk = readFileSync(join(root, 'gdk-config.json'), 'utf8').replaceAll(current, version)
  write('gdk-config.json', gdk)
}
