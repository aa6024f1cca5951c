/**
 * Parameters of the Docker variant alone: its recipe hands them to `docker run`, and the agent in the container only
 * sees them. It judges them all the same, so that a nucleus that asks before deploying can refuse bad ones. The
 * recipe's script refuses what is refused here, since it runs before the agent does.
 */
import type { Setting } from './settings.ts'
import { optional, text, type Value } from './values.ts'

/** Docker separates the parts of a volume by colons; and nothing here may mean anything to a shell. */
const mountPath = matching(
  /^\/[A-Za-z0-9._/-]{0,255}$/,
  'an absolute path of letters, digits and . _ / - (at most 256 characters)',
)

export const dockerSettings: Readonly<Record<string, Setting>> = {
  HostProcPath: {
    ...mountPath,
    default: '/proc',
    meaning: 'the proc file system of the host, mounted read-only into the container',
    example: '/proc',
  },
  ContainerProcPath: {
    ...mountPath,
    default: '/host/proc',
    meaning: 'where it is mounted in the container; ProcPath must be the same',
    example: '/host/proc',
  },
  DockerNetwork: {
    ...matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, "the name of one of Docker's networks"),
    default: 'none',
    meaning: 'network of the container; the agent itself needs none',
    example: 'none',
  },
  DockerImage: {
    ...optional(matching(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$/, 'a reference of an image')),
    // Not the name itself: a device keeps its configuration when the component is updated, and would keep the old image.
    default: '',
    meaning:
      'image to run, there already or put there by other means; empty: built on the device from the artifact',
    example: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/greengrass-defender:0.1.0',
  },
}

function matching(pattern: RegExp, takes: string): Value<string, string> {
  return text(takes, (given) => (pattern.test(given) ? undefined : `is not ${takes}`))
}
