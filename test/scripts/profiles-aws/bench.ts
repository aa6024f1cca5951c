/** The commands as an operator types them, with the real AWS SDK, against the stand-in. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { openDetectControlPlane } from '../../../scripts/aws/iot.ts'
import { awsCommands } from '../../../scripts/commands/profiles-aws.ts'
import type { ProfilesIo } from '../../../scripts/plan/io.ts'
import { useCredentials } from '../../aws/credentials.ts'
import { ACCESS_KEY, type Aws, type AwsOptions, startAws } from '../../aws/server.ts'
import { type Run, recordOutput } from '../../helpers/recorded-output.ts'

export interface Bench {
  readonly aws: Aws
  readonly folder: string
  /** Writes a file of the folder and answers its path. */
  file(name: string, content: unknown): string
  /** Runs `defender profiles <words>` with what points it at the stand-in. */
  run(words: readonly string[], io?: Partial<ProfilesIo>): Promise<Run>
  close(): Promise<void>
}

const VARIABLES = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY,
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  // One retry is enough to see that there is one.
  AWS_MAX_ATTEMPTS: '2',
}

export async function openBench(options: AwsOptions = {}): Promise<Bench> {
  const aws = await startAws({ thingGroups: ['gateways', 'cameras'], ...options })
  const folder = mkdtempSync(join(tmpdir(), 'defender-profiles-'))
  useCredentials(folder, VARIABLES)
  return {
    aws,
    folder,
    file: (name, content) => {
      const path = join(folder, name)
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
      return path
    },
    run: async (words, io = {}) => {
      const recorded = recordOutput()
      const program = new Command('profiles').exitOverride()
      for (const command of awsCommands({
        ...recorded.io,
        open: openDetectControlPlane,
        ...io,
      })) {
        program.addCommand(command)
      }
      await program.parseAsync([...words, '--endpoint-url', aws.endpoint], { from: 'user' })
      return recorded.seen
    },
    close: async () => {
      await aws.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
