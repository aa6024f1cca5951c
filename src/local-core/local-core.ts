/**
 * The embedded core: a Greengrass nucleus and a Device Defender service, small and in process, around a real component.
 * Used by tests and by `defender local`. `contract.ts` has its face, `embedded-core.ts` puts the parts together, and
 * README.md says what is imitated and what is not.
 */
import { readFile } from 'node:fs/promises'
import type { LocalCore, LocalCoreOptions } from './contract.ts'
import { EmbeddedCore } from './embedded-core.ts'
import type { LocalCoreEvent } from './events.ts'
import { modes } from './modes.ts'
import { architectureName, readRecipe } from './recipe.ts'

export type { LocalCore, LocalCoreOptions } from './contract.ts'

/** Rejects when the recipe has no manifest for the nucleus, or lite would reject its policies. */
export async function startLocalCore(
  options: LocalCoreOptions,
  onEvent: (event: LocalCoreEvent) => void,
): Promise<LocalCore> {
  const mode = modes[options.mode]
  const architecture = architectureName(process.arch)
  const recipe = readRecipe(options.mode, await readFile(options.recipePath, 'utf8'), architecture)
  const core = new EmbeddedCore(mode, recipe, options, onEvent)
  await core.open()
  return core
}
