import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildComponent } from '../../scripts/build/component-build.ts'
import { type Checkout, createCheckout } from './checkout.ts'

const MAIN = 'community.greengrass.DeviceDefender'
const DOCKER = `${MAIN}.Docker`
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

let checkout: Checkout

describe('a build', () => {
  beforeAll(async () => {
    checkout = createCheckout(
      "if (process.argv[2] === 'cron') await import('node-cron')\nprocess.stdout.write('started\\n')\n",
    )
    mkdirSync(checkout.path('greengrass-build/recipes'), { recursive: true })
    checkout.write('greengrass-build/recipes/stale.yaml', '')
    await buildComponent({ root: checkout.root })
  })
  afterAll(() => checkout.remove())

  test('leaves what the Greengrass Development Kit demands, and nothing that it trips over', () => {
    const entries = readdirSync(checkout.path('greengrass-build'), { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory())
    const sourceMaps = readdirSync(checkout.path('greengrass-build/source-maps')).map(
      (name) => `source-maps/${name}`,
    )
    expect(sourceMaps).toContain('source-maps/main.js.map')
    expect(
      files
        .map((entry) => join(entry.parentPath, entry.name).slice(checkout.path('greengrass-build/').length))
        .toSorted(),
    ).toEqual([
      `artifacts/${DOCKER}/${version}/greengrass-defender.zip`,
      `artifacts/${MAIN}/${version}/greengrass-defender.zip`,
      `recipes/${DOCKER}.yaml`,
      `recipes/${MAIN}.yaml`,
      'recipes/recipe.yaml',
      ...sourceMaps,
    ])
    expect(files.every((entry) => entry.isFile())).toBe(true)
  })

  test('the recipes are those of the checkout, the main one under both names', () => {
    const recipe = checkout.read(`recipes/${MAIN}.yaml`)
    expect(checkout.read(`greengrass-build/recipes/${MAIN}.yaml`)).toBe(recipe)
    expect(checkout.read('greengrass-build/recipes/recipe.yaml')).toBe(recipe)
    expect(checkout.read(`greengrass-build/recipes/${DOCKER}.yaml`)).toBe(
      checkout.read(`recipes/${DOCKER}.yaml`),
    )
  })

  test('the artifact holds all that the component needs', () => {
    const names = Object.keys(unzipSync(artifact(checkout)))
    expect(names.filter((name) => !name.endsWith('.js'))).toEqual([
      'Dockerfile',
      'LICENSE',
      'THIRD-PARTY-NOTICES.txt',
      'package.json',
      'sbom.cdx.json',
    ])
    expect(names).toContain('main.js')
    // The scheduler costs memory, and is a file of its own for those who set a schedule.
    expect(names.filter((name) => name.startsWith('node-cron'))).toHaveLength(1)
  })

  test('the artifact runs where nothing is installed', () => {
    const folder = checkout.path('device')
    unpack(artifact(checkout), folder)
    for (const args of [[], ['cron']]) {
      const { stdout, stderr } = spawnSync(process.execPath, ['main.js', ...args], {
        cwd: folder,
        encoding: 'utf8',
      })
      expect({ stdout, stderr }).toEqual({ stdout: 'started\n', stderr: '' })
    }
  })

  test('the licenses of the packages inside are with it, and no others', () => {
    const notices = new TextDecoder().decode(unzipSync(artifact(checkout))['THIRD-PARTY-NOTICES.txt'])
    expect(notices).toMatch(/^node-cron \d+\.\d+\.\d+ \(ISC\)\n\n[\s\S]*Permission to use, copy/m)
    expect(notices).not.toMatch(/^zod/m)
  })

  test('two builds are the same bytes, in another folder, time zone and file mode too', async () => {
    const other = createCheckout(checkout.read('component/main.ts'))
    const zone = process.env.TZ
    const mask = process.umask(0o077)
    process.env.TZ = 'Pacific/Kiritimati'
    try {
      await buildComponent({ root: other.root })
      expect(hash(artifact(other))).toBe(hash(artifact(checkout)))
    } finally {
      process.umask(mask)
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
      other.remove()
    }
  })
})

describe('a build is refused', () => {
  beforeEach(() => {
    checkout = createCheckout()
  })
  afterEach(() => checkout.remove())

  const replace = (path: string, from: string, to: string) => {
    const text = checkout.read(path)
    expect(text).toContain(from)
    checkout.write(path, text.replaceAll(from, to))
  }

  const cases: { name: string; change: () => void; says: RegExp }[] = [
    {
      name: 'when package.json has another version',
      change: () => replace('package.json', `"version": "${version}"`, '"version": "9.9.9"'),
      says: /versions differ: package.json has 9\.9\.9, gdk-config.json has .*Docker.yaml has/,
    },
    {
      name: 'when gdk-config.json has another version',
      change: () => replace('gdk-config.json', version, '9.9.9'),
      says: /gdk-config.json has 9\.9\.9$/,
    },
    {
      name: 'when a recipe has another version',
      change: () =>
        replace(`recipes/${DOCKER}.yaml`, `ComponentVersion: "${version}"`, 'ComponentVersion: "9.9.9"'),
      says: /recipes\/.*Docker.yaml has 9\.9\.9$/,
    },
    {
      name: 'when the image of a recipe has another version',
      change: () =>
        replace(`recipes/${DOCKER}.yaml`, `greengrass-defender:${version}`, 'greengrass-defender:9.9.9'),
      says: /image in recipes\/.*Docker.yaml has 9\.9\.9/,
    },
    {
      name: 'when gdk-config.json is about another component',
      change: () => replace('gdk-config.json', MAIN, 'com.example.Other'),
      says: /has no version of community/,
    },
    {
      name: 'when a recipe will not do',
      change: () => replace(`recipes/${MAIN}.yaml`, 'health', 'heath'),
      says: /recipes\/.*DeviceDefender.yaml:\d+:\d+: error: .*health is used, and not permitted/,
    },
    {
      name: 'when the recipe at the root is no link',
      change: () => {
        const text = checkout.read('recipe.yaml')
        unlinkSync(checkout.path('recipe.yaml'))
        checkout.write('recipe.yaml', text)
      },
      says: /not a link to recipes/,
    },
    {
      name: 'when the program does not compile',
      change: () => checkout.write('component/main.ts', "import './missing.ts'\n"),
      says: /Could not resolve "\.\/missing\.ts"/,
    },
  ]
  test.each(cases)('$name', async ({ change, says }) => {
    change()
    await expect(buildComponent({ root: checkout.root, logLevel: 'silent' })).rejects.toThrow(says)
  })

  test('NEXT_PATCH is the name of the folder, for the Greengrass Development Kit to rename', async () => {
    replace('gdk-config.json', version, 'NEXT_PATCH')
    await buildComponent({ root: checkout.root })
    expect(readdirSync(checkout.path('greengrass-build/artifacts', MAIN))).toEqual(['NEXT_PATCH'])
  })
})

describe('what the Greengrass Development Kit reads in the checkout', () => {
  test('the recipe at the root is a link into recipes/', () => {
    expect(lstatSync('recipe.yaml').isSymbolicLink()).toBe(true)
    expect(readlinkSync('recipe.yaml')).toBe(`recipes/${MAIN}.yaml`)
  })

  test('gdk-config.json has one component, a custom build and all that its schema requires', () => {
    const config = JSON.parse(readFileSync('gdk-config.json', 'utf8'))
    expect(Object.keys(config.component)).toEqual([MAIN])
    const { author, build, publish } = config.component[MAIN]
    expect(author).toMatch(/\S/)
    expect(build.build_system).toBe('custom')
    // A string would be taken for the name of a program, blanks and all.
    expect(build.custom_build_command).toEqual(['npm', 'run', '--silent', 'component:build'])
    expect(publish).toHaveProperty('bucket')
    expect(config.gdk_version).toMatch(/^1\.\d+\.\d+$/)
  })
})

test('the real agent is in one piece: it tells its version where nothing is installed', async () => {
  const real = createCheckout()
  try {
    for (const file of ['main.ts', 'stores.ts']) cpSync(join('component', file), real.path('component', file))
    const [built] = await buildComponent({ root: real.root })
    unpack(artifact(real), real.path('device'))
    const args = [real.path('device/main.js'), '--version']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: '/', encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
    // Ten times smaller than with the native library of the SDK.
    expect(built?.artifactBytes).toBeLessThan(250_000)
    const sources = Object.entries(unzipSync(artifact(real))).filter(([name]) => name.endsWith('.js'))
    for (const [, bytes] of sources) expect(new TextDecoder().decode(bytes)).not.toContain('.node"')
  } finally {
    real.remove()
  }
})

function artifact({ path }: Checkout): Uint8Array {
  return readFileSync(path('greengrass-build/artifacts', MAIN, version, 'greengrass-defender.zip'))
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function unpack(zip: Uint8Array, folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(unzipSync(zip))) writeFileSync(join(folder, name), bytes)
}
