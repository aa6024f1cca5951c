/**
 * Builds the component as the Greengrass Development Kit demands of a custom build: recipes below
 * `greengrass-build/recipes`, and artifacts, without folders, below `greengrass-build/artifacts/<name>/<version>`.
 *
 * Source: BuildCommand.py and PublishCommand of aws-greengrass-gdk-cli. GDK takes the recipe by the link `recipe.yaml`
 * when it builds, and by the name of the link's target when it publishes, so it is written under both. The other
 * variants' recipes and artifacts lie beside; GDK passes over them, our own publishing does not.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isMap, isSeq, parse, parseDocument } from 'yaml'
import { COMPONENT_NAME } from '../component-name.ts'
import { checkRecipe } from '../recipe/check.ts'
import { formatRecipeFaults } from '../recipe/nodes.ts'
import { topicsUsed } from '../recipe/topics-used.ts'
import { type Bundle, type BundleOptions, bundle, SBOM } from './bundle.ts'
import { type Architecture, nodePackages, obtainNode } from './node-packages.ts'
import { billOfMaterials } from './sbom.ts'
import { readFolder, zipFiles } from './zip.ts'

interface BuildOptions {
  /** The root of the checkout. */
  readonly root: string
  /** The program to bundle, from the root. */
  readonly entry?: string
  readonly logLevel?: BundleOptions['logLevel']
  /** The folder for what is built, `<root>/greengrass-build` if left out: there GDK looks for it. */
  readonly output?: string
  /** Those for which the variant with its own Node is built too, from the npm registry. */
  readonly withNode?: readonly Architecture[]
  /** Where the packages with Node are kept from build to build. */
  readonly nodeCache?: string
  readonly nodes?: typeof nodePackages
}

interface BuiltComponent {
  readonly componentName: string
  /** As in package.json, gdk-config.json and the recipes. */
  readonly version: string
  readonly artifactPath: string
  readonly artifactBytes: number
  readonly recipePath: string
}

const ARTIFACT = 'greengrass-defender'
const WITH_NODE = `${COMPONENT_NAME}.WithNode`
const VARIANTS = [COMPONENT_NAME, `${COMPONENT_NAME}.Docker`, WITH_NODE] as const

/** GDK's word for the next free patch version; it is then the name of the artifacts' folder, and GDK puts the version in. */
const NEXT_PATCH = 'NEXT_PATCH'

interface Recipe {
  readonly name: string
  readonly text: string
}

/**
 * Builds the variants; what was in the output folder is gone. Throws when the recipes will not do.
 * Beside what GDK knows, `source-maps/` is for reading stack traces (`trace.ts`).
 */
export async function buildComponent(options: BuildOptions): Promise<BuiltComponent[]> {
  const { root, withNode = [], output = join(root, 'greengrass-build') } = options
  const recipes = VARIANTS.map((name) => ({
    name,
    text: readFileSync(join(root, 'recipes', `${name}.yaml`), 'utf8'),
  }))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const gdkVersion = readGdkVersion(root)
  checkVersions(version, gdkVersion, recipes)
  checkRecipes(recipes)
  checkLink(root)
  const temporary = mkdtempSync(join(tmpdir(), 'greengrass-defender-'))
  try {
    // In a folder of its own: an agent may be running from `dist` meanwhile, and load a further file when it needs it.
    const outputFolder = join(temporary, 'artifact')
    const mapFolder = join(temporary, 'source-maps')
    const { entry = 'component/main.ts', logLevel = 'warning' } = options
    const built = await bundle({ root, entry, logLevel, outputFolder, mapFolder })
    const files = readFolder(outputFolder)
    const zip = { fileName: `${ARTIFACT}.zip`, bytes: zipFiles(files) }
    const withNodeZips = withNode.map((architecture) => zipWithNode(built, files, architecture, options))
    rmSync(output, { recursive: true, force: true })
    mkdirSync(join(output, 'recipes'), { recursive: true })
    cpSync(mapFolder, join(output, 'source-maps'), { recursive: true })
    return recipes.flatMap((recipe) => {
      if (recipe.name !== WITH_NODE) return writeVariant(output, recipe, version, gdkVersion, [zip])
      if (withNode.length === 0) return []
      const reduced = { ...recipe, text: onlyArchitectures(recipe.text, withNode) }
      return writeVariant(output, reduced, version, gdkVersion, withNodeZips)
    })
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

interface Zip {
  readonly fileName: string
  readonly bytes: Uint8Array
}

/** The same files, and Node with its license. */
function zipWithNode(
  { subject, packages }: Bundle,
  files: Readonly<Record<string, Uint8Array>>,
  architecture: Architecture,
  {
    root,
    nodeCache = join(root, 'node_modules/.cache/greengrass-defender'),
    nodes = nodePackages,
  }: BuildOptions,
): Zip {
  const delivered = nodes[architecture]
  const { program, license } = obtainNode(delivered, nodeCache)
  const whole = {
    ...files,
    node: program,
    'LICENSE.node': license,
    [SBOM]: Buffer.from(billOfMaterials(subject, packages, [delivered])),
  }
  return { fileName: `${ARTIFACT}-${architecture}.zip`, bytes: zipFiles(whole, ['node']) }
}

/** The recipe without the manifests of architectures for which there is no artifact. */
function onlyArchitectures(text: string, built: readonly Architecture[]): string {
  const document = parseDocument(text)
  const manifests = document.get('Manifests')
  if (!isSeq(manifests)) return text
  manifests.items = manifests.items.filter((manifest) => {
    const architecture = isMap(manifest) ? manifest.getIn(['Platform', 'architecture']) : undefined
    return built.some((each) => each === architecture)
  })
  return document.toString({ lineWidth: 0 })
}

function writeVariant(
  output: string,
  recipe: Recipe,
  version: string,
  gdkVersion: string,
  zips: readonly Zip[],
): BuiltComponent[] {
  const recipePath = join(output, 'recipes', `${recipe.name}.yaml`)
  writeFileSync(recipePath, recipe.text)
  if (recipe.name === COMPONENT_NAME) writeFileSync(join(output, 'recipes/recipe.yaml'), recipe.text)
  const artifacts = join(output, 'artifacts', recipe.name, gdkVersion)
  mkdirSync(artifacts, { recursive: true })
  return zips.map(({ fileName, bytes }) => {
    const artifactPath = join(artifacts, fileName)
    writeFileSync(artifactPath, bytes)
    return { componentName: recipe.name, version, artifactPath, artifactBytes: bytes.length, recipePath }
  })
}

function readGdkVersion(root: string): string {
  const { component } = JSON.parse(readFileSync(join(root, 'gdk-config.json'), 'utf8'))
  const version = component?.[COMPONENT_NAME]?.version
  if (typeof version !== 'string') throw new Error(`gdk-config.json has no version of ${COMPONENT_NAME}`)
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
  if (target !== `${COMPONENT_NAME}.yaml`)
    throw new Error(`recipe.yaml is ${target}, not a link to recipes/${COMPONENT_NAME}.yaml`)
}
