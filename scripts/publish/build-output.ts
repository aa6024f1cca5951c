/**
 * What a build left in `greengrass-build/`: ours, or that of the Greengrass Development Kit, which have the same layout:
 * `recipes/<any name>.yaml|.yml|.json`, and `artifacts/<component>/<version>/<file>`, without folders.
 *
 * Source: BuildCommand and PublishCommand of aws-greengrass-gdk-cli. GDK may have the recipe under two names, and its
 * own publishing leaves a third, `<component>-<version>.yaml`, with the bucket filled in: that one is passed over.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { parse } from 'yaml'
import { OperatorProblem } from '../aws/operator-io.ts'
import { COMPONENT_NAME } from '../component-name.ts'
import { stableJson } from '../plan/stable-json.ts'
import { checkRecipe } from '../recipe/check.ts'
import { formatRecipeFaults } from '../recipe/nodes.ts'
import { topicsUsed } from '../recipe/topics-used.ts'
import { artifactUris, fileNameOf, NEXT_PATCH, type Recipe } from './recipe.ts'

export interface BuiltArtifact {
  readonly fileName: string
  readonly content: Uint8Array
  /** Hexadecimal. */
  readonly sha256: string
}

export interface BuiltVersion {
  readonly name: string
  /** As the recipe has it; may be GDK's word for the next free one. */
  readonly version: string
  readonly recipePath: string
  readonly recipeText: string
  readonly recipe: Recipe
  readonly artifacts: readonly BuiltArtifact[]
  /** What does not stop it. */
  readonly notes: readonly string[]
}

/** @param folder `greengrass-build`. Throws an OperatorProblem that names every fault of what is there. */
export function readBuild(folder: string): BuiltVersion[] {
  const recipes = join(folder, 'recipes')
  const files = existsSync(recipes)
    ? readdirSync(recipes)
        .filter((name) => ['.yaml', '.yml', '.json'].includes(extname(name)))
        .toSorted()
    : []
  if (files.length === 0) {
    throw new OperatorProblem(
      `${recipes} has no recipe: build first (without --no-build, or with "gdk component build")`,
    )
  }
  const found = files.map((file) => readRecipe(join(recipes, file)))
  const names = [...new Set(found.map(({ name }) => name))]
  return names.map((each) => withArtifacts(folder, theOne(found.filter(({ name }) => name === each))))
}

type ReadRecipe = Pick<BuiltVersion, 'name' | 'version' | 'recipePath' | 'recipeText' | 'recipe'>

function readRecipe(recipePath: string): ReadRecipe {
  const recipeText = readFileSync(recipePath, 'utf8')
  let recipe: unknown
  try {
    recipe = parse(recipeText)
  } catch (error) {
    throw new OperatorProblem(`${recipePath} is neither YAML nor JSON: ${(error as Error).message}`)
  }
  const { ComponentName: name, ComponentVersion: version } = (recipe ?? {}) as Recipe
  if (typeof name !== 'string' || typeof version !== 'string') {
    throw new OperatorProblem(`${recipePath} has no ComponentName or no ComponentVersion that is a string`)
  }
  return { name, version, recipePath, recipeText, recipe: recipe as Recipe }
}

function theOne(sameName: readonly ReadRecipe[]): ReadRecipe {
  const candidates = sameName.filter(
    ({ name, version, recipePath }) =>
      sameName.length === 1 || !basename(recipePath).startsWith(`${name}-${version}.`),
  )
  const [first, ...others] = candidates as [ReadRecipe, ...ReadRecipe[]]
  const different = others.find(({ recipe }) => stableJson(recipe) !== stableJson(first.recipe))
  if (different === undefined) return first
  throw new OperatorProblem(
    `${first.recipePath} and ${different.recipePath} are different recipes of ${first.name}: remove the one that is not meant`,
  )
}

function withArtifacts(folder: string, built: ReadRecipe): BuiltVersion {
  const { name, version, recipePath, recipeText } = built
  const problems: string[] = []
  const notes: string[] = []
  const faults = checkRecipe(withRealVersion(recipeText, version), {
    file: recipePath,
    // Of components whose topics we do not know the recipe alone is checked.
    ...(name.startsWith(COMPONENT_NAME) ? { topicsUsed: topicsUsed() } : {}),
  })
  const faultsOf = (severity: string) => faults.filter((fault) => fault.severity === severity)
  if (faultsOf('error').length > 0) problems.push(formatRecipeFaults(faultsOf('error')))
  if (faultsOf('warning').length > 0) notes.push(formatRecipeFaults(faultsOf('warning')))

  const artifacts = readArtifacts(folder, name, version, problems)
  for (const uri of artifactUris(built.recipe)) {
    if (!uri.startsWith('s3://') || artifacts.some(({ fileName }) => fileName === fileNameOf(uri))) continue
    if (uri.includes('BUCKET_NAME')) {
      problems.push(
        `${recipePath} names ${uri}, and ${fileNameOf(uri)} is not among the artifacts of ${name}`,
      )
    } else notes.push(`${uri} is not among the artifacts: it is taken to be there already`)
  }
  if (problems.length > 0) throw new OperatorProblem(problems.join('\n'))
  return { ...built, artifacts, notes }
}

/** GDK puts the version in when it publishes; the rest of the recipe can be checked before. */
const withRealVersion = (text: string, version: string): string =>
  version === NEXT_PATCH ? text.replaceAll(NEXT_PATCH, '0.0.0') : text

function readArtifacts(folder: string, name: string, version: string, problems: string[]): BuiltArtifact[] {
  const candidates = [version, NEXT_PATCH].map((each) => join(folder, 'artifacts', name, each))
  const artifacts = candidates.find((path) => existsSync(path))
  if (artifacts === undefined) return []
  return readdirSync(artifacts, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (!entry.isFile()) {
        problems.push(`${join(artifacts, entry.name)} is not a file: artifacts have no folders`)
        return []
      }
      const content = readFileSync(join(artifacts, entry.name))
      const sha256 = createHash('sha256').update(content).digest('hex')
      return [{ fileName: entry.name, content, sha256 }]
    })
}
