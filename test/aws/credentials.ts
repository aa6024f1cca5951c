/** Where the AWS SDK finds credentials in a test. */
import { join } from 'node:path'
import { ACCESS_KEY } from './server.ts'

/** What the stand-in takes, for its usual region. */
export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY,
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
} as const

/** Credentials from these variables and nowhere else, whatever the machine has. */
export function useCredentials(home: string, variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) delete process.env[name]
  }
  Object.assign(process.env, variables, {
    HOME: home,
    AWS_CONFIG_FILE: join(home, 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'no-credentials'),
  })
}
