/** What a build left: ours, GDK's, and what cannot be published. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBuild } from '../../../scripts/publish/build-output.ts'
import { contentDigest, isSameVersion, placeRecipe } from '../../../scripts/publish/recipe.ts'
import { NAME, recipeText } from './recipes.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'defender-build-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

const recipe = recipeText()
const artifact = { [`artifacts/${NAME}/1.2.3/agent.zip`]: 'zip' }

describe('what cannot be published', () => {
  const cases: { name: string; files: Readonly<Record<string, string>>; says: RegExp }[] = [
    { name: 'nothing built', files: {}, says: /recipes has no recipe: build first/ },
    {
      name: 'a recipe that is no YAML',
      files: { 'recipes/recipe.yaml': 'ComponentName: [' },
      says: /recipe\.yaml is neither YAML nor JSON/,
    },
    {
      name: 'a recipe without a name',
      files: { 'recipes/recipe.yaml': 'ComponentVersion: "1.0.0"' },
      says: /has no ComponentName or no ComponentVersion/,
    },
    {
      name: 'a recipe with a fault',
      files: { 'recipes/recipe.yaml': recipe.replace('Lifecycle', 'Lifecycel'), ...artifact },
      says: /recipe\.yaml:\d+:\d+: error: manifest: "Lifecycel" is not known/,
    },
    {
      name: 'an artifact that is missing',
      files: { 'recipes/recipe.yaml': recipe },
      says: /names s3:\/\/BUCKET_NAME\/COMPONENT_NAME\/COMPONENT_VERSION\/agent\.zip, and agent\.zip is not among/,
    },
    {
      name: 'a folder among the artifacts',
      files: { 'recipes/recipe.yaml': recipe, ...artifact, [`artifacts/${NAME}/1.2.3/sub/x`]: 'x' },
      says: /sub is not a file: artifacts have no folders/,
    },
    {
      name: 'two recipes of one component that differ',
      files: {
        'recipes/recipe.yaml': recipe,
        [`recipes/${NAME}.yaml`]: recipe.replace('A component', 'Another'),
        ...artifact,
      },
      says: /are different recipes of com\.example\.Agent: remove the one/,
    },
  ]
  test.each(cases)('$name', ({ files, says }) => {
    write(files)
    expect(() => readBuild(folder)).toThrow(says)
  })
})

describe('what GDK leaves', () => {
  test('one recipe under two names is one component, and that of its own publishing is passed over', () => {
    write({
      'recipes/recipe.yaml': recipe,
      [`recipes/${NAME}.yaml`]: recipe,
      [`recipes/${NAME}-1.2.3.yaml`]: recipe.replaceAll('BUCKET_NAME', 'some-bucket'),
      ...artifact,
    })
    const [built, ...others] = readBuild(folder)
    expect(others).toEqual([])
    expect(built).toMatchObject({ name: NAME, version: '1.2.3', notes: [] })
    expect(built?.artifacts.map(({ fileName }) => fileName)).toEqual(['agent.zip'])
    expect(built?.recipeText).toContain('s3://BUCKET_NAME/')
  })

  test('a recipe in JSON', () => {
    write({ 'recipes/recipe.json': JSON.stringify(JSON.parse(recipeText({ json: true }))), ...artifact })
    expect(readBuild(folder)).toHaveLength(1)
  })

  test('NEXT_PATCH is the folder of the artifacts, too', () => {
    write({ 'recipes/recipe.yaml': recipe, [`artifacts/${NAME}/NEXT_PATCH/agent.zip`]: 'zip' })
    expect(readBuild(folder)[0]?.artifacts).toHaveLength(1)
  })

  test('an artifact that is elsewhere is noted, and taken to be there', () => {
    write({ 'recipes/recipe.yaml': recipe.replaceAll('BUCKET_NAME', 'elsewhere') })
    expect(readBuild(folder)[0]?.notes).toEqual([
      expect.stringMatching(/^s3:\/\/elsewhere\/.*agent\.zip is not among the artifacts/),
    ])
  })
})

describe('the content', () => {
  const build = (files: Readonly<Record<string, string>>) => {
    rmSync(folder, { recursive: true, force: true })
    write(files)
    const [built] = readBuild(folder)
    if (built === undefined) throw new Error('nothing was read')
    return built
  }
  const digest = (files: Readonly<Record<string, string>>) => {
    const { recipe, artifacts } = build(files)
    return contentDigest(recipe, artifacts)
  }
  const original = () => digest({ 'recipes/recipe.yaml': recipe, ...artifact })

  const same = [
    { name: 'in JSON', files: { 'recipes/recipe.json': recipeText({ json: true }), ...artifact } },
    { name: 'with a comment', files: { 'recipes/recipe.yaml': `# hello\n${recipe}`, ...artifact } },
    {
      name: 'with another bucket',
      files: { 'recipes/recipe.yaml': recipe.replaceAll('BUCKET_NAME', 'mine'), ...artifact },
    },
  ]
  test.each(same)('is the same $name', ({ files }) => {
    expect(digest(files)).toBe(original())
  })

  const other = [
    {
      name: 'an artifact',
      files: { 'recipes/recipe.yaml': recipe, [`artifacts/${NAME}/1.2.3/agent.zip`]: 'zap' },
    },
    {
      name: 'a script',
      files: { 'recipes/recipe.yaml': recipe.replaceAll('node main.js', 'node m.js'), ...artifact },
    },
  ]
  test.each(other)('is another one with $name changed', ({ files }) => {
    expect(digest(files)).not.toBe(original())
  })

  test('is compared with a recipe as the service gives it back', () => {
    const { recipe: data, recipeText, artifacts } = build({ 'recipes/recipe.yaml': recipe, ...artifact })
    const [{ sha256 = '' } = {}] = artifacts
    const stored = (digestOf: string) => {
      const copy = JSON.parse(JSON.stringify(data).replaceAll('BUCKET_NAME', 'b')) as {
        Manifests: { Artifacts: object[] }[]
      }
      for (const manifest of copy.Manifests) {
        manifest.Artifacts = manifest.Artifacts.map((each) => ({
          ...each,
          Digest: Buffer.from(digestOf, 'hex').toString('base64'),
          Algorithm: 'SHA-256',
          Permission: { Read: 'OWNER', Execute: 'NONE' },
        }))
      }
      return { ...copy, Lifecycle: {} }
    }
    expect(recipeText).toContain('BUCKET_NAME')
    expect(isSameVersion(data, artifacts, stored(sha256))).toBe(true)
    expect(isSameVersion(data, artifacts, stored('00'.repeat(32)))).toBe(false)
    expect(isSameVersion(data, artifacts, { ...stored(sha256), ComponentDescription: 'x' } as object)).toBe(
      false,
    )
  })
})

test('a recipe is placed: bucket, folder and version, and what is not ours stays', () => {
  const text =
    'Manifests:\n- Artifacts:\n  - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/agent.zip\n  - Uri: s3://other/x.zip\n  - Uri: docker:alpine\n# NEXT_PATCH\n'
  const placement = { bucket: 'b', name: NAME, version: '1.2.4', fileNames: ['agent.zip'] }
  expect(placeRecipe(text, placement)).toBe(
    `Manifests:\n- Artifacts:\n  - Uri: s3://b/${NAME}/1.2.4/agent.zip\n  - Uri: s3://other/x.zip\n  - Uri: docker:alpine\n# 1.2.4\n`,
  )
})
