/**
 * The environment in which a nucleus starts a component. Of our own it inherits only what any program needs: a component
 * must not come to depend on the developer's shell.
 * Source: Greengrass developer guide, "Component environment variable reference"; classic's ShellRunner, lite's
 * recipe-runner.
 */
import { join } from 'node:path'
import type { Mode } from './modes.ts'

export interface EnvironmentOptions {
  readonly mode: Mode
  /** The SVCUID. */
  readonly token: string
  readonly socketPath: string
  readonly thingName: string
  readonly region: string
  readonly rootDirectory: string
  readonly componentVersion: string
  /** On top of all else, as a developer asks for. */
  readonly additions: Readonly<Record<string, string>>
}

export function componentEnvironment(options: EnvironmentOptions): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([name]) => ['PATH', 'HOME', 'LANG'].includes(name))
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    SVCUID: options.token,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: options.token,
    AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: options.socketPath,
    AWS_IOT_THING_NAME: options.thingName,
    AWS_REGION: options.region,
    AWS_DEFAULT_REGION: options.region,
    GGC_VERSION: options.mode.version,
    GG_ROOT_CA_PATH: join(options.rootDirectory, 'rootCA.pem'),
    ...(options.mode.name === 'classic' && { GREENGRASS_COMPONENT_VERSION: options.componentVersion }),
    ...options.additions,
  }
}
