/** `defender publish`, `setup`, `doctor` and `policies` as an operator types them, with the real SDK, against the stand-in. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import type { OperatorIo } from '../../../scripts/aws/operator-io.ts'
import { doctorCommand } from '../../../scripts/commands/doctor.ts'
import { policiesCommand } from '../../../scripts/commands/policies.ts'
import { publishCommand } from '../../../scripts/commands/publish.ts'
import { setupCommand } from '../../../scripts/commands/setup.ts'
import type { PublishIo } from '../../../scripts/publish/run.ts'
import { useCredentials } from '../../aws/credentials.ts'
import { greengrassOf } from '../../aws/greengrass/greengrass.ts'
import type { Greengrass } from '../../aws/greengrass/state.ts'
import { addBucket } from '../../aws/s3/state.ts'
import { ACCESS_KEY, type Aws, type AwsOptions, startAws } from '../../aws/server.ts'
import { type Run, recordOutput } from '../../helpers/recorded-output.ts'
import { NAME, recipeText } from './recipes.ts'

export interface Bench {
  readonly aws: Aws
  readonly greengrass: Greengrass
  /** Of the checkout that is published. */
  readonly folder: string
  /** Writes files of the folder; what is `undefined` is removed. */
  write(files: Readonly<Record<string, string | Uint8Array | undefined>>): void
  run(words: readonly string[], io?: Partial<PublishIo>): Promise<Run>
  close(): Promise<void>
}

const REGION = 'eu-west-1'
const ACCOUNT = '123456789012'
/** As GDK would name it for the bench's gdk-config.json. */
export const BUCKET = `artifacts-${REGION}-${ACCOUNT}`

export const VARIABLES = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY,
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: REGION,
  AWS_EC2_METADATA_DISABLED: 'true',
  // One retry is enough to see that there is one.
  AWS_MAX_ATTEMPTS: '2',
}

/** Where the artifact of the bench's component lies. */
export const ARTIFACT = `greengrass-build/artifacts/${NAME}/1.2.3/agent.zip`
export const DOCKER = `${NAME}.Docker`

/** Two variants with the same artifact, as our own build leaves them. */
const builtFiles = {
  [`greengrass-build/recipes/${NAME}.yaml`]: recipeText(),
  'greengrass-build/recipes/recipe.yaml': recipeText(),
  [`greengrass-build/recipes/${DOCKER}.yaml`]: recipeText({ name: DOCKER }),
  [ARTIFACT]: 'zip',
  [`greengrass-build/artifacts/${DOCKER}/1.2.3/agent.zip`]: 'zip',
}

export async function openBench(options: AwsOptions = {}): Promise<Bench> {
  let nowMs = Date.UTC(2026, 10, 24)
  const aws = await startAws({ nowMs: () => nowMs, ...options })
  addBucket(aws.account, { name: BUCKET })
  const greengrass = greengrassOf(aws.account)
  greengrass.componentTimes = { initiatedMs: 300, settledMs: 2000 }
  const folder = mkdtempSync(join(tmpdir(), 'defender-publish-'))
  useCredentials(folder, VARIABLES)
  const write: Bench['write'] = (files) => {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      if (content === undefined) rmSync(path)
      else writeFileSync(path, content)
    }
  }
  write({
    'gdk-config.json': JSON.stringify({
      component: { [NAME]: { publish: { bucket: 'artifacts', region: 'us-east-1' } } },
    }),
    ...builtFiles,
  })
  return {
    aws,
    greengrass,
    folder,
    write,
    run: async (words, given = {}) => {
      const recorded = recordOutput()
      const io: PublishIo & OperatorIo = {
        ...recorded.io,
        // A wait takes no time, but all clocks go on.
        clock: {
          wallMs: () => nowMs,
          monotonicMs: () => nowMs,
          sleep: async (ms) => {
            nowMs += ms
          },
        },
        // What is built is what lies in the checkout already.
        build: async ({ root, output }) => {
          const usual = join(root, 'greengrass-build')
          if (output !== usual) cpSync(usual, output, { recursive: true })
        },
        ...given,
      }
      const program = new Command('defender').exitOverride().configureOutput({ writeErr: () => {} })
      for (const command of [publishCommand(io), setupCommand(io), doctorCommand(io), policiesCommand(io)]) {
        program.addCommand(command.exitOverride())
      }
      const place = ['--directory', folder, '--endpoint-url', aws.endpoint]
      await program.parseAsync([words[0] as string, ...place, ...words.slice(1)], { from: 'user' })
      return recorded.seen
    },
    close: async () => {
      await aws.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What the account holds of what is published, without times and ids. */
export function holdings({ aws, greengrass }: Bench) {
  const bucket = aws.account.buckets.get(BUCKET)
  return {
    components: [...greengrass.components.values()].map(({ arn, recipe, errors }) => ({
      arn,
      recipe,
      errors,
    })),
    tags: [...greengrass.tags].map(([arn, tags]) => [arn, [...tags]]),
    objects: [...(bucket?.objects ?? [])].map(([key, { body, metadata }]) => ({
      key,
      bytes: body.length,
      metadata,
    })),
    uploadsOpen: bucket?.uploads.size,
  }
}
