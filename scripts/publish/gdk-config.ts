/**
 * What `gdk-config.json` says of where to publish. Source: Greengrass developer guide, "Greengrass Development Kit CLI
 * configuration file": the bucket's full name is `<bucket>-<region>-<account>`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorProblem } from '../aws/operator-io.ts'

export interface PublishConfig {
  /** The beginning of the bucket's name. */
  readonly bucket?: string
  readonly region?: string
}

/** Empty where there is no file. */
export function readPublishConfig(root: string): PublishConfig {
  const path = join(root, 'gdk-config.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
  try {
    // GDK takes a file with exactly one component.
    const [component] = Object.values(JSON.parse(text)?.component ?? {}) as {
      publish?: Record<string, unknown>
    }[]
    const { bucket, region } = component?.publish ?? {}
    return {
      ...(typeof bucket === 'string' && bucket !== '' ? { bucket } : {}),
      ...(typeof region === 'string' && region !== '' ? { region } : {}),
    }
  } catch (error) {
    throw new OperatorProblem(`${path} is not JSON: ${(error as Error).message}`)
  }
}

/** The bucket that was asked for, or the one that GDK would use. */
export function bucketName(
  asked: string | undefined,
  { bucket }: PublishConfig,
  { region, accountId }: { readonly region: string; readonly accountId: string },
): string {
  if (asked !== undefined) return asked
  if (bucket !== undefined) return `${bucket}-${region}-${accountId}`
  throw new OperatorProblem('gdk-config.json names no bucket: give one with --bucket')
}
