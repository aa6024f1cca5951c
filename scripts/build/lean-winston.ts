/**
 * The parts of winston that the agent's log uses, instead of all of it: its transports for files, HTTP and streams, its
 * colours and its own copies of Node's streams would be half of what the log costs in memory.
 *
 * Works by names of modules, of winston 3 and logform 2. The build fails when one of them is not asked for any more: a
 * newer winston that is made otherwise is noticed there, and not on a device.
 */
import { dirname } from 'node:path'
import type { Plugin } from 'esbuild'

interface Replacement {
  /** What is asked for. */
  readonly module: RegExp
  /** What it is asked for by, where not everyone who asks is meant. */
  readonly by?: RegExp
  readonly contents: string
}

const REPLACEMENTS: readonly Replacement[] = [
  {
    // What `src/log` imports.
    module: /^winston$/,
    contents: `
exports.createLogger = require('winston/lib/winston/create-logger')
exports.transports = { Console: require('winston/lib/winston/transports/console') }
exports.format = Object.assign(require('logform/format'), { combine: require('logform/combine'), json: require('logform/json') })
`,
  },
  {
    // The tables of levels come with colours, which `levels` registers for a format that the log does not use.
    module: /^logform$/,
    by: /\/winston\/config\//,
    contents: 'exports.levels = (config) => config',
  },
  // Version 3 is the stream of Node 10 for older ones; every Node that the component runs on has a newer.
  { module: /^readable-stream$/, contents: "module.exports = require('node:stream')" },
  {
    module: /^readable-stream\/lib\/_stream_writable\.js$/,
    contents: "module.exports = require('node:stream').Writable",
  },
]

const NAMESPACE = 'lean-winston'

export function leanWinston(): Plugin {
  return {
    name: NAMESPACE,
    setup(build) {
      const used = new Set<Replacement>()
      build.onStart(() => used.clear())
      for (const [index, replacement] of REPLACEMENTS.entries()) {
        build.onResolve({ filter: replacement.module }, ({ importer, namespace }) => {
          if (namespace === NAMESPACE || (replacement.by !== undefined && !replacement.by.test(importer))) {
            return undefined
          }
          used.add(replacement)
          return { path: String(index), namespace: NAMESPACE, pluginData: dirname(importer) }
        })
      }
      build.onEnd(() => {
        const missing = REPLACEMENTS.filter((replacement) => !used.has(replacement))
        if (used.size === 0 || missing.length === 0) return undefined
        const modules = missing.map(({ module }) => module.source).join(', ')
        return {
          errors: [{ text: `winston does not ask for ${modules} any more: lean-winston.ts is for another` }],
        }
      })
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path, pluginData }) => ({
        contents: REPLACEMENTS[Number(path)]?.contents ?? '',
        loader: 'js',
        resolveDir: pluginData,
      }))
    },
  }
}
