/**
 * Holds the import graph to the picture in ARCHITECTURE.md: a core without effects, edges behind interfaces, one composition
 * root. Each folder lists what it may import; an arrow that is not listed fails here by name.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Area of the tree -> areas that it may import from, besides itself. `version` is `src/version.ts`, and so on. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/procfs': [],
  'src/metrics': ['src/procfs'],
  'src/report': ['src/metrics', 'src/procfs'],
  'src/detect': ['src/metrics', 'src/procfs'],
  'src/config': ['src/metrics', 'src/detect', 'component/profiles'],
  'src/ipc': ['src/crc32'],
  'src/store': ['src/metrics', 'src/report', 'src/crc32'],
  'src/schedule': [],
  'src/log': [],
  'src/sources': ['src/metrics'],
  'src/monitor': [
    'src/procfs',
    'src/metrics',
    'src/report',
    'src/detect',
    'src/config',
    'src/ipc',
    'src/schedule',
    'src/log',
    'src/store',
  ],
  'src/local-core': ['src/report', 'src/metrics', 'src/detect'],
  'src/version': [],
  'src/crc32': [],
  component: [
    'src/procfs',
    'src/metrics',
    'src/report',
    'src/detect',
    'src/config',
    'src/ipc',
    'src/store',
    'src/schedule',
    'src/log',
    'src/sources',
    'src/monitor',
    'src/version',
  ],
  scripts: [
    'src/procfs',
    'src/metrics',
    'src/report',
    'src/detect',
    'src/config',
    'src/schedule',
    'src/store',
    'src/version',
    'src/local-core',
  ],
}

/** The core: no clock, no chance, no environment, no files. */
const pureAreas = ['src/procfs', 'src/metrics', 'src/report', 'src/detect']
const theOneDoor = 'src/procfs/proc-fs.ts'
/** What pure code may take from Node: computation only, isIP and createHash. */
const pureModules = new Set(['node:net', 'node:crypto'])
const effects =
  /\b(Date\.now|random(Bytes|UUID|Int)|new Date\(\)|Math\.random|performance\.now|process\.(env|hrtime|cwd)|setTimeout|setInterval)\b/

/** From the monitor's view edges are types, but for what has no effect of its own. */
const pureEdgeFiles = new Set(['src/ipc/core-client.ts', 'src/schedule/backoff.ts', 'src/config/parse.ts'])
const edges = ['src/ipc', 'src/store', 'src/schedule', 'src/log', 'src/sources']

/** Who may start the embedded core: the command that is made for it; its page is a device's, too. */
const localCoreUsers = /^scripts\/(commands\/(local|page)|page\/[\w-]+|render\/local(-output)?)\.ts$/

interface Import {
  readonly from: string
  readonly to: string
  readonly isType: boolean
}

const files = ['src', 'component', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name))),
)

const textOf = (file: string) => readFileSync(join(root, file), 'utf8')

function importsOf(file: string): Import[] {
  const statement =
    /^(?:import|export)\s+(type\s+)?[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm
  return [...textOf(file).matchAll(statement)].map(([, type, fixed, dynamic]) => {
    const target = fixed ?? dynamic ?? ''
    const to = target.startsWith('.') ? relative(root, resolve(root, dirname(file), target)) : target
    return { from: file, to, isType: type !== undefined }
  })
}

const areaOf = (file: string): string => {
  const [top = '', second = ''] = file.split('/')
  // The profiles delivered with the component are data, not a part of the program.
  if (file.startsWith('component/profiles/')) return 'component/profiles'
  return top === 'src' ? `src/${second.replace(/\.ts$/, '')}` : top
}
const imports = files.flatMap(importsOf)
const within = imports.filter(({ to }) => /^(src|component|scripts|test)\//.test(to))
const arrow = ({ from, to }: Import) => `${from} -> ${to}`

test('the tree was read', () => {
  expect(files.length).toBeGreaterThan(50)
  expect(within.length).toBeGreaterThan(100)
})

test.each(Object.keys(allowed))('%s imports only what it may', (area) => {
  const wrong = within.filter(({ from, to }) => {
    const target = areaOf(to)
    return areaOf(from) === area && target !== area && !allowed[area]?.includes(target)
  })
  expect(wrong.map(arrow)).toEqual([])
})

test('every area of the tree is in the table', () => {
  expect([...new Set(files.map(areaOf))].filter((area) => !(area in allowed))).toEqual([])
})

describe('the core has no effects', () => {
  const pureFiles = files.filter((file) => pureAreas.includes(areaOf(file)) && file !== theOneDoor)

  test('it imports nothing of Node that touches the outside', () => {
    const wrong = imports.filter(
      ({ from, to, isType }) =>
        pureFiles.includes(from) && to.startsWith('node:') && !isType && !pureModules.has(to),
    )
    expect(wrong.map(arrow)).toEqual([])
  })

  test('it asks for no time, no chance and no environment', () => {
    const code = (file: string) => textOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    expect(pureFiles.filter((file) => effects.test(code(file)))).toEqual([])
  })
})

test('the monitor knows edges by their interfaces', () => {
  const wrong = within.filter(
    ({ from, to, isType }) =>
      areaOf(from) === 'src/monitor' && edges.includes(areaOf(to)) && !isType && !pureEdgeFiles.has(to),
  )
  expect(wrong.map(arrow)).toEqual([])
})

test('only the command made for it starts the embedded core', () => {
  const wrong = within.filter(
    ({ from, to }) =>
      areaOf(to) === 'src/local-core' && areaOf(from) === 'scripts' && !localCoreUsers.test(from),
  )
  expect(wrong.map(arrow)).toEqual([])
})
