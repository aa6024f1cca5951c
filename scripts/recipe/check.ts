/**
 * A strict check of component recipes, for the classic nucleus and nucleus lite at once. The Greengrass Development
 * Kit's own check passes unknown lifecycle phases and versions such as `1.x`, and lite runs what is left of a script
 * when it meets a brace that it does not know: what is found here would otherwise be found on the devices.
 *
 * Sources: "AWS IoT Greengrass component recipe reference" (developer guide); docs/RECIPE_SUPPORT_CHANGES.md and the
 * recipe parser of aws-greengrass-lite; the recipe schema of aws-greengrass-gdk-cli.
 */
import { checkAccessControl, type TopicUse } from './access-control.ts'
import { checkManifests } from './manifests.ts'
import { type Entry, type RecipeFault, RecipeReader, scalar } from './nodes.ts'

interface RecipeCheckOptions {
  /** The name of the file, for the faults. */
  readonly file: string
  /** What the component publishes and subscribes to; without it, what is permitted is not compared with what is used. */
  readonly topicsUsed?: readonly TopicUse[]
}

/** Nucleus lite reads recipes of at most 8,196 bytes; a round number below leaves room for what publishing writes in. */
const RECIPE_BYTES_MAX = 8_000

const FORMAT_VERSION = '2020-01-25'

const TOP_LEVEL = [
  'RecipeFormatVersion',
  'ComponentName',
  'ComponentVersion',
  'ComponentType',
  'ComponentDescription',
  'ComponentPublisher',
  'ComponentSource',
  'ComponentConfiguration',
  'ComponentDependencies',
  'Manifests',
]

/** semver.org, 2.0.0, with the bounds on its numbers that AWS names (API reference, CreateComponentVersion). */
const SEMVER =
  /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-(0|[1-9]\d*|\d*[a-zA-Z-][\w-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][\w-]*))*)?(\+[0-9a-zA-Z.-]+)?$/

/** Everything that is wrong with the recipe, in the order of its lines. */
export function checkRecipe(text: string, { file, topicsUsed }: RecipeCheckOptions): RecipeFault[] {
  const reader = new RecipeReader(file, text)
  const bytes = Buffer.byteLength(text)
  if (bytes > RECIPE_BYTES_MAX) {
    reader.error(undefined, `the recipe has ${bytes} bytes, ${RECIPE_BYTES_MAX} is the most for nucleus lite`)
  }
  if (reader.root === undefined) return reader.faults()
  const top = reader.knownEntries(reader.root, 'recipe', TOP_LEVEL)
  for (const name of ['RecipeFormatVersion', 'ComponentName', 'ComponentVersion', 'Manifests']) {
    if (!top.has(name)) reader.error(undefined, `the recipe has no ${name}`)
  }
  checkHeader(reader, top)
  checkDependencies(reader, top.get('ComponentDependencies')?.value)
  const defaults = defaultConfiguration(reader, top.get('ComponentConfiguration')?.value)
  if (top.has('Manifests')) checkManifests(reader, top.get('Manifests')?.value, defaults)
  const componentName = String(scalar(top.get('ComponentName')?.value) ?? '')
  checkAccessControl(reader, defaults?.get('accessControl')?.value, componentName, topicsUsed)
  return reader.faults()
}

function checkHeader(reader: RecipeReader, top: ReadonlyMap<string, Entry>): void {
  const format = top.get('RecipeFormatVersion')
  if (format !== undefined) reader.word(format.value, 'RecipeFormatVersion', [FORMAT_VERSION])
  const name = top.get('ComponentName')
  const nameText = name === undefined ? undefined : reader.string(name.value, 'ComponentName')
  if (nameText !== undefined && !/^[a-zA-Z0-9._-]{1,128}$/.test(nameText)) {
    reader.error(name?.value, 'ComponentName is not 1 to 128 letters, digits and . _ -')
  }
  if (nameText?.startsWith('aws.greengrass.')) {
    reader.error(
      name?.value,
      "ComponentName begins with aws.greengrass., and would take the place of AWS's own component",
    )
  }
  const version = top.get('ComponentVersion')
  const versionText = version === undefined ? undefined : reader.string(version.value, 'ComponentVersion')
  if (versionText !== undefined && !(SEMVER.test(versionText) && versionText.length <= 64)) {
    reader.error(
      version?.value,
      `ComponentVersion: ${JSON.stringify(versionText)} is not a semantic version, as in 1.2.3`,
    )
  }
  const type = top.get('ComponentType')
  if (type !== undefined) reader.word(type.value, 'ComponentType', ['aws.greengrass.generic'])
}

function checkDependencies(reader: RecipeReader, node: unknown): void {
  if (node === undefined) return
  for (const { key, value } of reader.entries(node, 'ComponentDependencies')) {
    const dependency = reader.knownEntries(value, key, ['VersionRequirement', 'DependencyType'])
    const type = dependency.get('DependencyType')
    if (type !== undefined) reader.word(type.value, `DependencyType of ${key}`, ['HARD', 'SOFT'])
    const requirement = dependency.get('VersionRequirement')
    if (requirement === undefined) reader.error(value, `${key} has no VersionRequirement`)
    else reader.string(requirement.value, `VersionRequirement of ${key}`)
  }
}

function defaultConfiguration(reader: RecipeReader, node: unknown): ReadonlyMap<string, Entry> | undefined {
  if (node === undefined) return undefined
  const configuration = reader.knownEntries(node, 'ComponentConfiguration', ['DefaultConfiguration'])
  const defaults = configuration.get('DefaultConfiguration')
  if (defaults === undefined) return undefined
  const entries = reader.entries(defaults.value, 'DefaultConfiguration')
  return new Map(entries.map((entry) => [entry.key, entry]))
}
