/** Makes one script and one style of `scripts/violations/report/client/`, small and without any reference to the outside. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { CLIENT_FOLDER, type ClientFiles } from '../violations/report/client-files.ts'

const SOURCE_FOLDER = 'scripts/violations/report/client'

export async function buildReportClient(root: string): Promise<ClientFiles> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { client: `${SOURCE_FOLDER}/main.ts`, style: `${SOURCE_FOLDER}/style.css` },
    outdir: CLIENT_FOLDER,
    write: false,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    // What browsers of 2022 can: an operator's laptop is not always the newest.
    target: ['es2022', 'chrome105', 'firefox105', 'safari16'],
    legalComments: 'none',
    // A word of the text must not end the element that the script stands in; esbuild writes `<\/script` for it.
    supported: { 'inline-script': false },
    logLevel: 'warning',
  })
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? ''
  return { script: textOf('client.js'), style: textOf('style.css') }
}

export async function writeReportClient(root: string): Promise<void> {
  const { script, style } = await buildReportClient(root)
  const folder = join(root, CLIENT_FOLDER)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'client.js'), script)
  writeFileSync(join(folder, 'client.css'), style)
}
