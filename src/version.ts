/** The version of package.json, which is also the component version of the recipes. */
import packageJson from '../package.json' with { type: 'json' }

export const { version } = packageJson
