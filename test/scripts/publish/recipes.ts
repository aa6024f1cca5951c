/** A small recipe that passes the strict check, for tests that publish. */
import { stringify } from 'yaml'

export const NAME = 'com.example.Agent'

interface RecipeOptions {
  readonly name?: string
  readonly version?: string
  readonly json?: boolean
  readonly artifact?: string
}

export function recipeText({
  name = NAME,
  version = '1.2.3',
  json = false,
  artifact = 'agent.zip',
}: RecipeOptions = {}): string {
  const Artifacts = [
    { Uri: `s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/${artifact}`, Unarchive: 'ZIP' },
  ]
  const recipe = {
    RecipeFormatVersion: '2020-01-25',
    ComponentName: name,
    ComponentVersion: version,
    ComponentDescription: 'A component',
    Manifests: [
      {
        Platform: { os: 'linux', runtime: '*' },
        Lifecycle: { run: { Script: 'exec node main.js' } },
        Artifacts,
      },
    ],
  }
  return json ? JSON.stringify(recipe) : stringify(recipe, { aliasDuplicateObjects: false })
}
