/**
 * The scripts in our recipes, run by /bin/sh with stand-ins for `node` and `docker` in the search path, so that what
 * they tell operators and what they hand to Docker is what we think.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Architecture, architectures, nodePackages } from '../../scripts/build/node-packages.ts'

interface Step {
  readonly Script: string
}
interface Manifest {
  readonly Name: string
  readonly Platform: Readonly<Record<string, string>>
  readonly Lifecycle: Readonly<Record<'install' | 'run' | 'startup', Step>> & { readonly Setenv: object }
  readonly Artifacts: readonly { readonly Uri: string }[]
}
const manifests = (name: string): Manifest[] => parse(readFileSync(`recipes/${name}.yaml`, 'utf8')).Manifests
const native = manifests('community.greengrass.DeviceDefender')
const docker = manifests('community.greengrass.DeviceDefender.Docker')
const withNode = manifests('community.greengrass.DeviceDefender.WithNode')

/** As component/README.md has measured them. */
const NODE_OPTIONS = ['--max-semi-space-size=1', '--optimize-for-size', '--v8-pool-size=1']
/** The same to two lines of V8, of which neither takes the other's. */
const PATIENCE: Readonly<Record<string, string>> = {
  '20': '--interrupt-budget=5000000',
  '22': '--invocation-count-for-turbofan=100000',
}
const optionsFor = (version: string) => [
  ...NODE_OPTIONS,
  ...[PATIENCE[version.split('.')[0] ?? ''] ?? []].flat(),
]

/** Where this machine has what the scripts use beside `node` and `docker`. */
const tools = ['sh', 'id', 'readlink', 'stat'].map((tool) =>
  spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(),
)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recipe-scripts-'))
  mkdirSync(join(folder, 'bin'))
  for (const tool of tools) symlinkSync(tool, join(folder, 'bin', basename(tool)))
})
afterEach(() => rmSync(folder, { recursive: true }))

function writeProgram(name: string, script: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, 'bin', name), 0o755)
}

/** As a nucleus would, with the search path reduced to the stand-ins. */
function runScript(script: string, env: Readonly<Record<string, string>> = {}) {
  const text = script.replaceAll('{artifacts:decompressedPath}', join(folder, 'artifacts'))
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', text], {
    cwd: folder,
    env: { PATH: join(folder, 'bin'), ...env },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe.each(native)('the native recipe on nucleus $Name', ({ Lifecycle }) => {
  const { install, run, startup, Setenv } = Lifecycle
  const node = (version: string) =>
    writeProgram(
      'node',
      `if [ "$1" = --version ]; then echo v${version}; exit; fi
exec ${process.execPath} -e "Object.defineProperty(process.versions, 'node', { value: '${version}' }); $2"`,
    )

  test('says that Node is missing, and where it looked', () => {
    const { status, stderr } = runScript(install.Script)
    expect(status).toBe(1)
    expect(stderr).toContain(`no 'node' in ${join(folder, 'bin')}; install Node.js 20.19 or newer`)
  })

  test.each(['12.22.9', '20.18.3'])('says that %s is too old', (version) => {
    node(version)
    const { status, stderr } = runScript(install.Script)
    expect(status).toBe(1)
    expect(stderr).toContain(`bin/node is v${version}; 20.19 or newer is needed`)
  })

  test.each(['20.19.0', '22.0.0'])('takes %s', (version) => {
    node(version)
    expect(runScript(install.Script)).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test.each([
    { version: '20.19.0', count: 4 },
    { version: '22.0.0', count: 4 },
    { version: '200.0.0', count: 3 },
  ])(
    'what runs then is the unpacked artifact, under Node $version with $count options',
    ({ version, count }) => {
      const options = optionsFor(version)
      expect(options).toHaveLength(count)
      writeProgram('node', `[ "$1" = --version ] && echo v${version} || echo "$@"`)
      expect(runScript((run ?? startup).Script).stdout.trim()).toBe(
        [...options, join(folder, 'artifacts/greengrass-defender/main.js')].join(' '),
      )
      expect(Setenv).toEqual({ MALLOC_ARENA_MAX: '1' })
    },
  )

  test('the Node of this machine knows the options that the program is started with', () => {
    const { status, stderr } = spawnSync(process.execPath, [...optionsFor(process.versions.node), '-e', ''], {
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

describe('the variant with its own Node', () => {
  test.each(withNode)(
    '$Name runs the Node beside the program, of its own CPU',
    ({ Platform, Lifecycle, Artifacts }) => {
      const artifact = `greengrass-defender-${Platform.architecture}`
      expect(Artifacts).toMatchObject([{ Permission: { Read: 'ALL', Execute: 'ALL' }, Unarchive: 'ZIP' }])
      expect(Artifacts[0]?.Uri.split('/').at(-1)).toBe(`${artifact}.zip`)
      const own = join(folder, 'artifacts', artifact)
      const options = optionsFor(nodePackages[Platform.architecture as Architecture].version)
      mkdirSync(own, { recursive: true })
      symlinkSync(join(folder, 'bin/node'), join(own, 'node'))
      writeProgram('node', 'echo "$0 $@"')
      const { Script } = Lifecycle.run ?? Lifecycle.startup
      expect(runScript(Script).stdout.trim()).toBe(
        [join(own, 'node'), ...options, join(own, 'main.js')].join(' '),
      )
      expect(runScript(Lifecycle.install.Script)).toMatchObject({ status: 0 })
    },
  )

  test('says what is wrong where its Node does not run', () => {
    const { install } = (withNode[0] as Manifest).Lifecycle
    expect(runScript(install.Script)).toMatchObject({
      status: 127,
      stderr: expect.stringContaining('not found'),
    })
    mkdirSync(join(folder, 'artifacts/greengrass-defender-amd64'), { recursive: true })
    writeFileSync(join(folder, 'artifacts/greengrass-defender-amd64/node'), '')
    expect(runScript(install.Script)).toMatchObject({
      status: 126,
      stderr: expect.stringMatching(/ermission denied/),
    })
  })

  test('has one manifest for each CPU and nucleus, and else what the small one has', () => {
    expect(withNode.map(({ Name }: { Name: string }) => Name)).toEqual(
      ['lite', 'classic'].flatMap((nucleus) => architectures.map((each) => `${nucleus}-${each}`)),
    )
    const configurationOf = (name: string) => {
      const text = readFileSync(`recipes/${name}.yaml`, 'utf8')
      return parse(text.replaceAll('DeviceDefender.WithNode', 'DeviceDefender')).ComponentConfiguration
    }
    expect(configurationOf('community.greengrass.DeviceDefender.WithNode')).toEqual(
      configurationOf('community.greengrass.DeviceDefender'),
    )
  })
})

describe('the Docker variant', () => {
  const { install, run, Setenv } = (docker[0] as Manifest).Lifecycle
  const PARAMETERS = { HOST_PROC: '/proc', CONTAINER_PROC: '/host/proc', NETWORK: 'none', IMAGE: '' }
  let server: Server
  let env: Record<string, string>

  beforeEach(async () => {
    writeProgram('docker', 'for argument in "$@"; do echo "$argument"; done')
    env = {
      ...PARAMETERS,
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: join(folder, 'ipc.socket'),
      SVCUID: 'secret',
    }
    server = createServer()
    await new Promise<void>((resolve) => server.listen(join(folder, 'ipc.socket'), resolve))
  })
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
  })

  test('its parameters reach the scripts by the environment alone', () => {
    expect(Object.keys(Setenv)).toEqual(Object.keys(PARAMETERS))
    for (const { Lifecycle } of docker) {
      for (const { Script } of [Lifecycle.install, Lifecycle.run ?? Lifecycle.startup]) {
        expect(Script).not.toContain('{configuration')
      }
    }
  })

  test('runs the container without privileges, network or secrets in its arguments', () => {
    const { uid, gid } = statSync(folder)
    const { status, stdout } = runScript(run.Script, env)
    expect(status).toBe(0)
    expect(stdout.trim().split('\n')).toEqual([
      ...['run', '--rm', '--init', '--name', 'greengrass-defender', '--network', 'none'],
      ...['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
      ...['--memory', '192m', '--pids-limit', '64', '--log-driver', 'none'],
      ...['--user', `${uid}:${gid}`, '-v', `${folder}:/work`, '-w', '/work'],
      ...['-v', '/proc:/host/proc:ro', '-v', `${folder}/ipc.socket:/run/greengrass-ipc.socket`],
      ...['-e', 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT=/run/greengrass-ipc.socket'],
      ...['-e', 'SVCUID', '-e', 'AWS_IOT_THING_NAME', '-e', 'AWS_REGION', '-e', 'GGC_VERSION'],
      'greengrass-defender:0.1.0',
    ])
  })

  test('takes away a container that an earlier run left', () => {
    writeProgram('docker', 'echo "$1 $2 $3" >> docker.log')
    runScript(run.Script, env)
    expect(readFileSync(join(folder, 'docker.log'), 'utf8')).toMatch(/^rm --force greengrass-defender\nrun /)
  })

  test('finds a socket whose path is relative to the work folder, as on a classic nucleus with a long root', () => {
    mkdirSync(join(folder, 'work'))
    const { stdout } = runScript(`cd work\n${run.Script}`, {
      ...env,
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: '../ipc.socket',
    })
    expect(stdout).toContain(`\n${folder}/ipc.socket:/run/greengrass-ipc.socket\n`)
  })

  test('takes the mount, the network and the image from the parameters', () => {
    const { stdout } = runScript(run.Script, {
      ...env,
      HOST_PROC: '/srv/proc',
      CONTAINER_PROC: '/p',
      NETWORK: 'bridge',
      IMAGE: 'registry:5000/a/b@sha256:0f',
    })
    const lines = stdout.trim().split('\n')
    expect(lines).toContain('/srv/proc:/p:ro')
    expect(lines[lines.indexOf('--network') + 1]).toBe('bridge')
    expect(lines.at(-1)).toBe('registry:5000/a/b@sha256:0f')
  })

  const refused: { name: string; change: Record<string, string>; says: string }[] = [
    { name: 'a relative path', change: { HOST_PROC: 'proc' }, says: "cannot mount 'proc'" },
    { name: 'no path', change: { CONTAINER_PROC: '' }, says: "cannot mount ''" },
    { name: 'a path with options', change: { HOST_PROC: '/proc:/etc:rw' }, says: 'cannot mount' },
    { name: 'a command in a path', change: { HOST_PROC: '/$(touch hacked)' }, says: 'cannot mount' },
    { name: 'an option as the network', change: { NETWORK: '--privileged' }, says: 'cannot use' },
    { name: 'no network', change: { NETWORK: '' }, says: 'cannot use' },
    { name: 'an option as the image', change: { IMAGE: '--privileged' }, says: 'cannot use' },
    { name: 'a command as the image', change: { IMAGE: '`touch hacked`' }, says: 'cannot use' },
    { name: 'two lines', change: { NETWORK: 'none\nhost' }, says: 'cannot use' },
    {
      name: 'no socket',
      change: { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: '/nowhere/ipc.socket' },
      says: 'no socket at',
    },
  ]
  test.each(refused)('refuses $name', ({ change, says }) => {
    const { status, stdout, stderr } = runScript(run.Script, { ...env, ...change })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(`greengrass-defender: ${says}`)
    expect(() => statSync(join(folder, 'hacked'))).toThrow('ENOENT')
  })

  test('builds its image from the artifact, unless another is named', () => {
    writeProgram('docker', 'echo "$@"')
    const built = runScript(install.Script, { ...env, IMAGE: '' })
    expect(built.stdout.trim()).toBe(
      `build --tag greengrass-defender:0.1.0 ${join(folder, 'artifacts/greengrass-defender')}`,
    )
    writeProgram('docker', '[ "$1" != image ] || exit 7')
    expect(runScript(install.Script, { ...env, IMAGE: 'other:1' }).status).toBe(7)
  })

  test('its image starts the program as the recipes do', () => {
    const dockerfile = readFileSync('component/Dockerfile', 'utf8')
    const entry = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? ''
    expect(JSON.parse(entry)).toEqual(['node', ...NODE_OPTIONS, '/app/main.js'])
    expect(dockerfile).toMatch(/^ENV MALLOC_ARENA_MAX=1$/m)
  })

  test('says that Docker is missing', () => {
    rmSync(join(folder, 'bin/docker'))
    const { status, stderr } = runScript(install.Script, env)
    expect(status).toBe(1)
    expect(stderr).toContain('docker is missing, or its daemon does not answer')
  })
})
