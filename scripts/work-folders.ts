/**
 * Where the agent keeps its state on a core device, unless `StateDirectory` says otherwise: the component's work folder
 * below the root of the nucleus (developer guide, "Install the AWS IoT Greengrass Core software", /greengrass/v2; the
 * package of nucleus lite has /var/lib/greengrass).
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { COMPONENT_NAME } from './component-name.ts'

const roots = ['/greengrass/v2/work', '/var/lib/greengrass/work']
const components = [COMPONENT_NAME, `${COMPONENT_NAME}.Docker`]

export const workFolders: readonly string[] = roots.flatMap((root) =>
  components.map((component) => join(root, component)),
)

/**
 * The file or folder `name` of the first work folder that has one; the error otherwise names all places, and `option`,
 * which takes another.
 */
export async function findInWorkFolders(
  name: string,
  option: string,
  folders: readonly string[] = workFolders,
): Promise<string> {
  let isDenied = false
  const paths = folders.map((folder) => join(folder, name))
  for (const path of paths) {
    try {
      await stat(path)
      return path
    } catch (error) {
      isDenied ||= (error as NodeJS.ErrnoException).code === 'EACCES'
    }
  }
  const places = paths.map((path) => `\n  ${path}`).join('')
  const hint = isDenied ? '\nOnly root may look into some of them: try with sudo.' : ''
  throw new Error(`nothing is at the usual places:${places}${hint}\nGive the right one with ${option}.`)
}
