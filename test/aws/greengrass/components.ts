/**
 * Component versions: immutable, and made deployable in the background, artifact by artifact.
 * Source: greengrassv2 API reference, CreateComponentVersion and its neighbours, CloudComponentStatus.
 */
import { stringify } from 'yaml'
import { readArtifact } from './artifacts.ts'
import { conflict, missing, unfit } from './errors.ts'
import { newestFirst, type Operation, pageOf } from './operation.ts'
import { artifactsOf, completeRecipe, platformsOf, readRecipe } from './recipe.ts'
import { type ComponentState, type Greengrass, type StoredComponent, seconds } from './state.ts'
import { setTags, tagsOf } from './tags.ts'

export const componentOperations = {
  CreateComponentVersion: (greengrass, input) => {
    if (typeof input.inlineRecipe !== 'string') {
      throw unfit('Only components from an inline recipe are imitated', 'inlineRecipe')
    }
    const token = input.clientToken === undefined ? undefined : String(input.clientToken)
    const { name, version, format, content } = readRecipe(input.inlineRecipe)
    const arn = `${componentArn(greengrass, name)}:versions:${version}`
    const known = greengrass.components.get(arn)
    if (known !== undefined) {
      if (token !== undefined && known.token === token) return summary(greengrass, known)
      throw conflict(
        'ComponentVersion',
        `${name}:${version}`,
        `Component [${name} : ${version}] for account [${greengrass.account.accountId}] already exists with state: [${stateOf(greengrass, known)}]`,
      )
    }
    const { bytes, errors } = readArtifacts(greengrass, content)
    const component: StoredComponent = {
      arn,
      name,
      version,
      format,
      recipe: completeRecipe(content, (uri) => bytes.get(uri)),
      createdMs: greengrass.account.nowMs(),
      ...(token === undefined ? {} : { token }),
      errors,
    }
    greengrass.components.set(arn, component)
    greengrass.deletedComponents.delete(arn)
    setTags(greengrass, arn, input.tags)
    return summary(greengrass, component)
  },

  DescribeComponent: (greengrass, input) => {
    const component = find(greengrass, input.arn)
    const { ComponentDescription: description, ComponentPublisher: publisher } = component.recipe
    return {
      ...summary(greengrass, component),
      ...(description === undefined ? {} : { description }),
      ...(publisher === undefined ? {} : { publisher }),
      platforms: platformsOf(component.recipe),
      tags: tagsOf(greengrass, component.arn),
    }
  },

  GetComponent: (greengrass, input) => {
    const { format, recipe, arn } = find(greengrass, input.arn)
    const recipeOutputFormat = input.recipeOutputFormat ?? format
    const text = recipeOutputFormat === 'JSON' ? JSON.stringify(recipe) : stringify(recipe)
    return {
      recipeOutputFormat,
      recipe: Buffer.from(text).toString('base64'),
      tags: tagsOf(greengrass, arn),
    }
  },

  ListComponentVersions: (greengrass, input) => {
    const arn = String(input.arn)
    const versions = newestFirst(greengrass.components.values()).filter(
      ({ arn: each }) => each.startsWith(`${arn}:versions:`) || each === arn,
    )
    const { entries, next } = pageOf(greengrass, `versions of ${arn}`, versions, input)
    return {
      componentVersions: entries.map(({ name, version, arn }) => ({
        componentName: name,
        componentVersion: version,
        arn,
      })),
      ...next,
    }
  },

  ListComponents: (greengrass, input) => {
    const isPublic = input.scope === 'PUBLIC'
    const latest = new Map([...greengrass.components.values()].map((each) => [each.name, each]))
    const { entries, next } = pageOf(greengrass, 'components', isPublic ? [] : [...latest.values()], input)
    return {
      components: entries.map(({ arn, name, version, createdMs, recipe }) => ({
        arn: componentArn(greengrass, name),
        componentName: name,
        latestVersion: {
          arn,
          componentVersion: version,
          creationTimestamp: seconds(createdMs),
          platforms: platformsOf(recipe),
        },
      })),
      ...next,
    }
  },

  DeleteComponent: (greengrass, input) => {
    const { arn } = find(greengrass, input.arn)
    greengrass.components.delete(arn)
    greengrass.deletedComponents.add(arn)
    greengrass.tags.delete(arn)
    return {}
  },
} satisfies Record<string, Operation>

/** Where a component version stands by now. */
export function stateOf(
  { account: { nowMs }, componentTimes }: Greengrass,
  component: StoredComponent,
): ComponentState {
  const ageMs = nowMs() - component.createdMs
  if (ageMs < componentTimes.initiatedMs) return 'REQUESTED'
  if (ageMs < componentTimes.settledMs) return 'INITIATED'
  return Object.keys(component.errors).length === 0 ? 'DEPLOYABLE' : 'FAILED'
}

export const componentArn = ({ account: { region, accountId } }: Greengrass, name: string) =>
  `arn:aws:greengrass:${region}:${accountId}:components:${name}`

function find(greengrass: Greengrass, arn: unknown): StoredComponent {
  const component = greengrass.components.get(String(arn))
  if (component === undefined) throw missing('ComponentVersion', String(arn))
  return component
}

function summary(greengrass: Greengrass, component: StoredComponent) {
  const { arn, name, version, createdMs, errors } = component
  const componentState = stateOf(greengrass, component)
  return {
    arn,
    componentName: name,
    componentVersion: version,
    creationTimestamp: seconds(createdMs),
    status: {
      componentState,
      message: messages[componentState],
      errors: componentState === 'FAILED' ? errors : {},
    },
  }
}

const messages: Readonly<Record<ComponentState, string>> = {
  REQUESTED: 'The request was accepted',
  INITIATED: 'The artifacts are being processed',
  DEPLOYABLE: 'NONE',
  FAILED: 'Artifacts of the component could not be processed',
  DEPRECATED: 'The component version is deprecated',
}

/** The service looks at artifacts in S3; images of containers and the like are left to the device. */
function readArtifacts(greengrass: Greengrass, content: Readonly<Record<string, unknown>>) {
  const bytes = new Map<string, Uint8Array>()
  const errors: Record<string, string> = {}
  for (const { uri } of artifactsOf(content)) {
    if (!uri.startsWith('s3://')) continue
    const read = readArtifact(greengrass, uri)
    if (read.kind === 'failed') errors[uri] = read.message
    else bytes.set(uri, read.bytes)
  }
  return { bytes, errors }
}
