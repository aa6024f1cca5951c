/**
 * Builds the component as the Greengrass Development Kit demands of a custom build: recipes below
 * `greengrass-build/recipes`, and artifacts, without folders, below `greengrass-build/artifacts/<name>/<version>`.
 *
 * Source: BuildCommand.py and PublishCommand of aws-greengrass-gdk-cli. GDK takes the recipe by the link `recipe.yaml`
 * when it builds, and by the name of the link's target when it publishes, so it is written under both. The Docker
 * variant's recipe and artifact lie beside; GDK passes over them, our own publishing does not.
 */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parse } from 'yaml'
import { checkRecipe } from '../recipe/check.ts'
import { formatRecipeFaults } from '../recipe/nodes.ts'
import { topicsUsed } from '../recipe/topics-used.ts'
import { type BundleOptions, bundle } from './bundle.ts'
import { zipFolder } from './zip.ts'

interface BuildOptions {
  /** The root of the checkout. */
  readonly root: string
  /** The program to bundle, from the root. */
  readonly entry?: string
  readonly logLevel?: BundleOptions['logLevel']
}

interface BuiltComponent {
  readonly componentName: string
  /** As in package.json, gdk-config.json and the recipes. */
  readonly version: string
  readonly artifactPath: string
  readonly artifactBytes: number
  readonly recipePath: string
}

const ARTIFACT = 'greengrass-defender.zip'
const MAIN = 'community.greengrass.DeviceDefender'
const VARIANTS = [MAIN, `${MAIN}.Docker`] as const

/** GDK's word for the next free patch version; it is then the name of the artifacts' folder, and GDK puts the version in. */
const NEXT_PATCH = 'NEXT_PATCH'

interface Recipe {
  readonly name: string
  readonly text: string
}

/** Builds all variants below `<root>/greengrass-build`; what was there is gone. Throws when the recipes will not do. */
export async function buildComponent({
  root,
  entry = 'component/main.ts',
  logLevel = 'warning',
}: BuildOptions): Promise<BuiltComponent[]> {
  const recipes = VARIANTS.map((name) => ({
    name,
    text: readFileSync(join(root, 'recipes', `${name}.yaml`), 'utf8'),
  }))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const gdkVersion = readGdkVersion(root)
  checkVersions(version, gdkVersion, recipes)
  checkRecipes(recipes)
  checkLink(root)
  const zip = await buildArtifact({ root, entry, logLevel })
  const output = join(root, 'greengrass-build')
  rmSync(output, { recursive: true, force: true })
  mkdirSync(join(output, 'recipes'), { recursive: true })
  return recipes.map((recipe) => writeVariant(output, recipe, version, gdkVersion, zip))
}

/** In a folder of its own: an agent may be running from `dist` meanwhile, and load a further file when it needs it. */
async function buildArtifact(options: Omit<BundleOptions, 'outputFolder'>): Promise<Uint8Array> {
  const outputFolder = mkdtempSync(join(tmpdir(), 'greengrass-defender-'))
  try {
    await bundle({ ...options, outputFolder })
    return zipFolder(outputFolder)
  } finally {
    rmSync(outputFolder, { recursive: true, force: true })
  }
}

function writeVariant(
  output: string,
  recipe: Recipe,
  version: string,
  gdkVersion: string,
  zip: Uint8Array,
): BuiltComponent {
  const recipePath = join(output, 'recipes', `${recipe.name}.yaml`)
  writeFileSync(recipePath, recipe.text)
  if (recipe.name === MAIN) writeFileSync(join(output, 'recipes/recipe.yaml'), recipe.text)
  const artifacts = join(output, 'artifacts', recipe.name, gdkVersion)
  mkdirSync(artifacts, { recursive: true })
  const artifactPath = join(artifacts, ARTIFACT)
  writeFileSync(artifactPath, zip)
  return { componentName: recipe.name, version, artifactPath, artifactBytes: zip.length, recipePath }
}

function readGdkVersion(root: string): string {
  const { component } = JSON.parse(readFileSync(join(root, 'gdk-config.json'), 'utf8'))
  const version = component?.[MAIN]?.version
  if (typeof version !== 'string') throw new Error(`gdk-config.json has no version of ${MAIN}`)
  return version
}

/** One version, written where each tool looks for it; a build with two would publish one under the other's name. */
function checkVersions(version: string, gdkVersion: string, recipes: readonly Recipe[]): void {
  const others = [
    ...(gdkVersion === NEXT_PATCH ? [] : [{ place: 'gdk-config.json', version: gdkVersion }]),
    ...recipes.map(({ name, text }) => ({
      place: `recipes/${name}.yaml`,
      version: String((parse(text) as { ComponentVersion?: unknown } | null)?.ComponentVersion),
    })),
    ...recipes.flatMap(({ name, text }) =>
      [...text.matchAll(/greengrass-defender:(\d[\w.+-]*)/g)].map(([, tag = '']) => ({
        place: `the image in recipes/${name}.yaml`,
        version: tag,
      })),
    ),
  ].filter((other) => other.version !== version)
  if (others.length === 0) return
  const list = others.map((other) => `${other.place} has ${other.version}`).join(', ')
  throw new Error(`versions differ: package.json has ${version}, ${list}`)
}

function checkRecipes(recipes: readonly Recipe[]): void {
  const faults = recipes.flatMap(({ name, text }) =>
    checkRecipe(text, { file: `recipes/${name}.yaml`, topicsUsed: topicsUsed() }),
  )
  if (faults.some(({ severity }) => severity === 'error')) throw new Error(formatRecipeFaults(faults))
}

/** GDK publishes the recipe that it finds under the name of the link's target. */
function checkLink(root: string): void {
  const target = basename(realpathSync(join(root, 'recipe.yaml')))
  if (target !== `${MAIN}.yaml`)
    throw new Error(`recipe.yaml is ${target}, not a link to recipes/${MAIN}.yaml`)
}
