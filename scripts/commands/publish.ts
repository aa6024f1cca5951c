/** `defender publish`: component versions to AWS. Here are the options; what is done stands in `publish/`. */
import { type Command, InvalidArgumentError } from 'commander'
import { changingCommand, finish, operatorIo } from '../aws/operator-io.ts'
import { type Architecture, architectures } from '../build/node-packages.ts'
import type { PublishIo } from '../publish/run.ts'
import { numberOption } from '../render/options.ts'

const HELP = `
Builds the component, uploads its artifacts to S3, creates a component version
of each variant, and waits until AWS calls it deployable. What is published so
already is left alone, and with it published nothing is done. A version whose
content differs from the published one is refused: versions never change.

With --with-node the variant that brings its own Node is one of them, for the
architectures that are named, or for all. --dry-run builds too, but leaves what
is in greengrass-build alone.

The bucket is that of --bucket, or of gdk-config.json, with the region and the
account after its name as GDK does it. "defender setup" creates it.

Examples:
  npx defender publish --dry-run
  npx defender publish --yes
  npx defender publish --with-node aarch64 arm
  npx defender publish --bucket my-artifacts --fingerprint 5f1c9a0b7d3e
  gdk component build && npx defender publish --no-build --yes --output json

Exit status: 0 if all is published; 1 if something was refused, failed or was
interrupted; 2 if the files are faulty or AWS could not be asked.`

/** AWS needs seconds; an hour is where nobody waits any longer. */
const TIMEOUT_SECONDS = { default: 180, min: 1, max: 3600 }

export const publishCommand = (io: PublishIo = processIo()): Command =>
  changingCommand('publish')
    .summary('publish component versions to AWS')
    .description('Publishes the component: artifacts to S3, and a component version of each variant.')
    .option('--bucket <name>', 'of the artifacts, in full')
    .option('--no-build', 'take what is in greengrass-build')
    .option('--with-node [architecture...]', `also with its own Node: ${architectures.join(', ')}`, withNode)
    .option('--directory <dir>', 'of the checkout', '.')
    .option('--timeout <seconds>', 'to wait for AWS', numberOption(TIMEOUT_SECONDS), TIMEOUT_SECONDS.default)
    .addHelpText('after', HELP)
    .action(async (options) =>
      finish(io, async () => (await import('../publish/run.ts')).publish(options, io)),
    )

const processIo = (): PublishIo => ({
  ...operatorIo('publish'),
  build: async ({ withNode, ...request }) => {
    const { buildComponent } = await import('../build/component-build.ts')
    return buildComponent({ ...request, withNode: withNode === true ? architectures : withNode })
  },
})

/** Called for each architecture that is named; without one commander makes it `true`. */
function withNode(text: string, before?: true | readonly Architecture[]): readonly Architecture[] {
  const architecture = architectures.find((each) => each === text)
  if (architecture === undefined) throw new InvalidArgumentError(`There are ${architectures.join(', ')}.`)
  return [...(Array.isArray(before) ? (before as readonly Architecture[]) : []), architecture]
}
