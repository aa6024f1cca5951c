/**
 * `defender page`: the live page on a device, out of the agent's own state. Nothing serves it unless this command runs; it
 * listens on 127.0.0.1 alone, reads files alone, and cannot change the agent.
 *
 * A folder that an agent has yet to write to is served all the same. Exit status 0 when it is ended, 1 when no agent's folder
 * is found or the page cannot be served.
 */
import { readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import type { SecurityProfile } from '../../src/detect/security-profile.ts'
import { createFeed } from '../../src/local-core/page/feed.ts'
import { TOKEN_CHARACTERS_MIN } from '../../src/local-core/page/token.ts'
import { type Clock, systemClock } from '../../src/schedule/clock.ts'
import { findPackageRoot } from '../package-root.ts'
import { followState } from '../page/follow-state.ts'
import { createKnownProfiles } from '../page/known-profiles.ts'
import { metricsRoute } from '../page/metrics-route.ts'
import { openPage } from '../page/open-page.ts'
import { profileRoutes } from '../page/profile-desk.ts'
import { sessionGreeting } from '../page/session.ts'
import { formatFault } from '../profiles/fault.ts'
import { readProfileFiles } from '../profiles/file.ts'
import { numberOption } from '../render/options.ts'
import { printable } from '../render/terminal.ts'
import { findInWorkFolders } from '../work-folders.ts'

export interface PageCommandOptions {
  readonly directory?: string
  readonly port?: number
  readonly tokenFile?: string
  readonly profile?: readonly string[]
}

export interface PageIo {
  readonly write: (line: string) => void
  readonly writeError: (line: string) => void
  /** Of the package. */
  readonly root: string
  readonly clock: Pick<Clock, 'wallMs' | 'sleep'>
  /** The state of this device's agent, or an error that says where it was looked for. */
  readonly findDirectory: () => Promise<string>
  /** Ends it, as Ctrl-C does. */
  readonly stopped: AbortSignal
}

/** Beside that of `defender local`. */
const PORT_DEFAULT = 8643
/** A day: at the usual report interval of 300 s an hour has twelve datapoints only. */
const LOOK_BACK_MS = 86_400_000

const HELP = `
The address that it prints has a token in it, which changes each time: who does
not have it sees nothing. From another machine, forward the port and open the
same address there:
  ssh -L ${PORT_DEFAULT}:127.0.0.1:${PORT_DEFAULT} USER@DEVICE

Prometheus may scrape /metrics there, with the token of --token-file in
authorization.credentials_file.

Without --directory the usual work folders are looked at, such as
/greengrass/v2/work/community.greengrass.DeviceDefender. A folder of --directory
may be empty still: the page says so, and shows what an agent writes there.

It goes on until Ctrl-C, also when nobody reads what it prints any longer.

Examples:
  sudo npx defender page
  npx defender page --directory ./copy-of-a-device --profile gateway.yaml

Exit status: 0 when it is ended; 1 if no folder of an agent was found, or one
cannot be read, or the page cannot be served.`

export function pageCommand(): Command {
  return new Command('page')
    .summary("show the agent's state on this device as a live page")
    .description(
      "Serves a live page of the agent's own state on this device, to this device\n" +
        'alone and until Ctrl-C. It reads files only and changes nothing.',
    )
    .option('--directory <dir>', "the agent's StateDirectory, or a copy of it")
    .option(
      '--port <number>',
      `0 for any free one\n(default: ${PORT_DEFAULT}, or any free one if that is taken)`,
      numberOption({ min: 0, max: 65_535, integer: true }),
    )
    .option('--token-file <file>', 'take the token from there instead of a new one')
    .addOption(
      new Option('--profile <file...>', 'security profiles that the agent judges, to try\nchanges of them'),
    )
    .addHelpText('after', HELP)
    .action(async (options: PageCommandOptions) => {
      const { stdout, stderr } = process
      const stopped = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())
      // The page goes on without a reader of what was printed.
      stdout.on('error', () => {})
      await runPage(options, {
        write: (line) => stdout.write(`${line}\n`),
        writeError: (line) => stderr.write(`defender page: ${line}\n`),
        root: findPackageRoot(import.meta.url),
        clock: systemClock,
        findDirectory: async () => dirname(await findInWorkFolders('status.json', '--directory')),
        stopped: stopped.signal,
      })
    })
}

/** Serves until it is stopped. */
export async function runPage(options: PageCommandOptions, io: PageIo): Promise<void> {
  const directory = await directoryOf(options, io)
  const token = options.tokenFile === undefined ? undefined : await readToken(options.tokenFile)
  const known = createKnownProfiles(await profilesOf(options.profile ?? []))
  const now = () => io.clock.wallMs()
  const feed = createFeed()
  const tellProfiles = () =>
    feed.publish({ event: 'profiles', at: now(), profiles: known.all(), origins: known.origins() })
  tellProfiles()
  const page = await openPage(
    {
      port: options.port,
      usualPort: PORT_DEFAULT,
      root: io.root,
      ...(token !== undefined && { token }),
      routes: new Map([
        ...profileRoutes({
          historyDirectory: join(directory, 'history'),
          lookBackMs: LOOK_BACK_MS,
          now,
          profiles: known.all,
        }),
        metricsRoute(join(directory, 'status.json'), now),
      ]),
      greeting: () => sessionGreeting({ kind: 'device', directory, steps: deviceSteps, canApply: false }),
      writeError: io.writeError,
    },
    feed,
  )
  try {
    const { port } = new URL(page.url)
    io.write('greengrass-defender, read only')
    io.write(`  State      ${printable(directory)}`)
    io.write(`  Live page  ${page.url}`)
    io.write(`  From afar  ssh -L ${port}:127.0.0.1:${port} USER@${hostname()}`)
    io.write('             and open the same address there; Ctrl-C ends it')
    await followState({
      directory,
      clock: io.clock,
      publish: feed.publish,
      onViolation: (event) => {
        if (known.learn(event)) tellProfiles()
      },
      onFacts: ({ judged }) => {
        if (known.judge(judged)) tellProfiles()
      },
      onProblem: (problem) => io.writeError(printable(problem)),
      signal: io.stopped,
    })
  } finally {
    await page.close()
  }
}

const deviceSteps = [
  { command: 'sudo npx defender status', meaning: 'the same state in the terminal' },
  { command: 'sudo npx defender history --since 2h', meaning: 'every datapoint, as table, JSON or CSV' },
  { command: 'sudo npx defender violations list', meaning: 'violations, to search, verify and export' },
  { command: 'ss -tulpn', meaning: 'compare: what the system itself says is listening' },
]

async function directoryOf({ directory }: PageCommandOptions, io: PageIo): Promise<string> {
  if (directory === undefined) return io.findDirectory()
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--directory ${directory}: cannot be read (${error.code})`)
  })
  if (!found.isDirectory()) throw new Error(`--directory ${directory}: is not a folder`)
  return directory
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--token-file ${file}: cannot be read (${error.code})`)
  })
  const token = text.trim()
  if (/^[\w.~-]+$/.test(token) && token.length >= TOKEN_CHARACTERS_MIN) return token
  throw new Error(
    `--token-file ${file}: needs at least ${TOKEN_CHARACTERS_MIN} letters, digits, "-", ".", "_" or "~", and nothing else`,
  )
}

async function profilesOf(files: readonly string[]): Promise<readonly SecurityProfile[]> {
  if (files.length === 0) return []
  const { files: read, faults } = await readProfileFiles(files)
  if (faults.length > 0) throw new Error(`--profile: ${printable(faults.map(formatFault).join('\n'))}`)
  return read.map(({ profile }) => profile)
}
