/**
 * The page's files, as they lie in `static/`: plain HTML, CSS and browser modules, served as they are written. They are
 * named here one by one, so that no request can reach any other file, and read once at the start.
 */
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

const FILES = [
  'index.html',
  'style.css',
  'alarm-words.js',
  'alarms.js',
  'announcer.js',
  'app.js',
  'chart.js',
  'dom.js',
  'format.js',
  'gauge.js',
  'go.js',
  'model.js',
  'owners.js',
  'requests.js',
  'stream.js',
  'trial-view.js',
  'panels/agent.js',
  'panels/attacks.js',
  'panels/behaviors.js',
  'panels/connections.js',
  'panels/custom.js',
  'panels/headline.js',
  'panels/listeners.js',
  'panels/log.js',
  'panels/next.js',
  'panels/reports.js',
  'panels/traffic.js',
  'panels/trial.js',
  'panels/violations.js',
] as const

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

interface Asset {
  readonly contentType: string
  readonly body: Buffer
}

/** By request path; `/` is the page itself. */
export type Assets = ReadonlyMap<string, Asset>

export async function loadAssets(directory: string): Promise<Assets> {
  const load = async (file: string): Promise<[string, Asset]> => [
    file === 'index.html' ? '/' : `/${file}`,
    {
      contentType: CONTENT_TYPES[extname(file)] ?? 'application/octet-stream',
      body: await readFile(join(directory, file)),
    },
  ]
  return new Map(await Promise.all(FILES.map(load)))
}
