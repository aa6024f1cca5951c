/**
 * `defender local`: the component on this machine's /proc, with an embedded core in Greengrass's and Device Defender's
 * place. Nothing is installed, nothing leaves the machine, no AWS account is needed.
 *
 * Exit status 0 when at least one report was accepted and the component never was BROKEN, else 1 with the reason on
 * standard error: so that it serves as a check in scripts.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import type { SecurityProfile } from '../../src/detect/security-profile.ts'
import type { LocalCoreEvent } from '../../src/local-core/events.ts'
import type { Feed } from '../../src/local-core/page/feed.ts'
import type { OwnersEvent } from '../../src/local-core/page/page-event.ts'
import type { ReportEventView, ViewedEvent } from '../../src/local-core/page/viewed-event.ts'
import { COMPONENT_NAME } from '../component-name.ts'
import { findPackageRoot } from '../package-root.ts'
import { openLocalOutput } from '../render/local-output.ts'
import { numberOption } from '../render/options.ts'

export interface LocalOptions {
  readonly for?: number
  readonly interval?: number
  readonly mode: 'classic' | 'lite'
  readonly port?: number
  readonly page: boolean
  readonly config?: string
  readonly state?: string
  readonly output: 'text' | 'json'
}

/** What this command needs of the embedded core; `startLocalCore` gives it. */
interface RunningCore {
  startComponent(): Promise<void>
  /** As a deployment that removes the component would: SIGTERM, then SIGKILL. */
  stopComponent(): Promise<void>
  /** A deployment that changes the configuration only. */
  updateConfiguration(merge: Readonly<Record<string, unknown>>): Promise<'applied' | 'rejected'>
  stop(): Promise<void>
}

interface CoreOptions {
  readonly mode: 'classic' | 'lite'
  readonly recipePath: string
  readonly decompressedPath: string
  readonly rootDirectory: string
  readonly thingName: string
  readonly configuration: Record<string, unknown>
}

/** The command's surroundings; tests bring their own. */
export interface LocalIo {
  readonly stdout: Output
  readonly stderr: Pick<Output, 'write'>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The package's own folder. */
  readonly root: string
  readonly startCore: (options: CoreOptions, onEvent: (event: LocalCoreEvent) => void) => Promise<RunningCore>
  /** Ends the run, as Ctrl-C does. */
  readonly stopped: AbortSignal
}

interface Output {
  write(text: string): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

const INTERVAL_SECONDS_DEFAULT = 10
const PORT_DEFAULT = 8642
/** A changed behavior is tried on the last hour, or on as much of it as the run has lasted. */
const LOOK_BACK_MS = 3_600_000
/** The least that the component takes (config/settings.ts). */
const SAMPLE_SECONDS_MIN = 0.01
/** A day: the least often that the component's own settings allow to report. */
const SECONDS_MAX = 86_400

const EXAMPLES = `
Examples:
  defender local                        this machine, until Ctrl-C
  defender local --mode lite            as on a Greengrass nucleus lite
  defender local --for 30 --interval 2 --output json
                                        half a minute of events, one JSON
                                        object a line
  defender local --config my.yaml       with the component's parameters from
                                        a file, as a deployment would merge it
  defender local --state ./state        history and alarms stay there, for
                                        violations, history, status, backtest
  defender attack listener-4444         in another terminal: raises an alarm

Exit status: 0 if at least one report was accepted and the component was never
BROKEN, otherwise 1 with the reason on standard error.`

export function localCommand(): Command {
  return new Command('local')
    .summary('run the agent on this machine against an embedded core')
    .description(
      "Run the agent on this machine's /proc against an embedded Greengrass core\n" +
        'and Device Defender, with a few security profiles to raise alarms by.\n' +
        'Needs no AWS account, no root and no network.',
    )
    .option(
      '--for <seconds>',
      'stop after this time (default: at Ctrl-C)',
      numberOption({ min: 1, max: SECONDS_MAX, integer: true }),
    )
    .option(
      '--interval <seconds>',
      `time between reports (default: ${INTERVAL_SECONDS_DEFAULT})`,
      numberOption({ min: 1, max: SECONDS_MAX, integer: true }),
    )
    .addOption(
      new Option('--mode <nucleus>', 'which nucleus to stand in for')
        .choices(['classic', 'lite'])
        .default('classic'),
    )
    .option(
      '--port <number>',
      `port of the live page, 0 for any free one\n(default: ${PORT_DEFAULT}, or any free one if that is taken)`,
      numberOption({ min: 0, max: 65_535, integer: true }),
    )
    .option('--no-page', 'no live page')
    .option('--config <file>', 'JSON or YAML, merged into the component configuration')
    .option('--state <directory>', 'keep what the component measures and judges')
    .addOption(
      new Option('--output <format>', 'what to print').choices(['text', 'json']).default('text', 'text'),
    )
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError(
      '(add --help for what is possible; npm hands on only what follows --: npm start -- --for 5)',
    )
    .action(async (options: LocalOptions) => {
      const { startLocalCore } = await import('../../src/local-core/local-core.ts')
      const { stdout, stderr, env } = process
      const stopped = new AbortController()
      // Once: who asks a second time gets the signal's own effect, at once.
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
        process.once(signal, () => stopped.abort())
      const root = findPackageRoot(import.meta.url)
      process.exitCode = await runLocal(options, {
        stdout,
        stderr,
        env,
        root,
        startCore: startLocalCore,
        stopped: stopped.signal,
      })
    })
}

/** Resolves with the exit status, after everything that was started has ended. */
export async function runLocal(options: LocalOptions, io: LocalIo): Promise<0 | 1> {
  const undo: (() => Promise<void>)[] = []
  const run = newRun()
  try {
    await operate(options, io, run, undo)
  } catch (error) {
    run.failure = error instanceof Error ? error.message : String(error)
  }
  for (const step of undo.reverse()) {
    await step().catch((error: unknown) => {
      run.failure ??= `while stopping: ${error instanceof Error ? error.message : String(error)}`
    })
  }
  const reason = run.failure ?? judge(run, io.stopped.aborted)
  if (reason === undefined) return 0
  io.stderr.write(`defender local: ${reason}\n`)
  return 1
}

/** Starts things in order, each with how to undo it, and returns when it is time to stop. */
async function operate(
  options: LocalOptions,
  io: LocalIo,
  run: Run,
  undo: (() => Promise<void>)[],
): Promise<void> {
  const configuration = await componentConfiguration(options)
  const paths = componentPaths(io.root)
  const thingName = thingNameFrom(hostname())
  const end = endOfRun(io, run)

  const [{ createViewer }, { createFeed }] = await Promise.all([
    import('../../src/local-core/page/viewed-event.ts'),
    import('../../src/local-core/page/feed.ts'),
  ])
  const view = createViewer()
  const feed = createFeed()
  const rootDirectory = await mkdtemp(join(shortTmpdir(), 'defender-'))
  undo.push(() => rm(rootDirectory, { recursive: true, force: true }))
  let core: RunningCore | undefined
  const workDirectory = join(rootDirectory, 'work', COMPONENT_NAME)
  const served = options.page
    ? await servePage(options, io, feed, { configuration, workDirectory, core: () => core })
    : undefined
  if (served !== undefined) undo.push(() => served.page.close())
  const ownersOf = served === undefined ? undefined : await openOwners(configuration)

  const heading = {
    thingName,
    mode: options.mode,
    pace: paceOf(configuration),
    ...(options.for !== undefined && { forSeconds: options.for }),
    ...(served !== undefined && { pageUrl: served.page.url }),
    ...(options.state !== undefined && { stateDirectory: options.state }),
  }
  const output = await openLocalOutput(options.output, heading, io)
  undo.push(async () => {
    if (!end.isOutputClosed()) output.end(run)
  })

  const onEvent = (event: LocalCoreEvent): void => {
    const viewed = view(event)
    count(run, viewed)
    feed.publish(viewed)
    if (viewed.event === 'report' && ownersOf !== undefined) feed.publish(ownersOf(viewed.view, viewed.at))
    if (!end.isOutputClosed()) output.event(viewed)
    if (run.broken !== undefined) end.now()
  }
  const started = await io.startCore(
    { mode: options.mode, ...paths, rootDirectory, thingName, configuration },
    onEvent,
  )
  core = started
  undo.push(() => started.stop())
  undo.push(() => started.stopComponent())
  // First of all: an attack's sockets are of this process.
  if (served !== undefined) undo.push(() => served.desk.stop())
  const ended = end.reached(options.for)
  await Promise.race([ended, started.startComponent().then(() => ended)])
}

/** What happened, as far as the exit status needs it. */
interface Run {
  accepted: number
  rejected: number
  silent: number
  /** Raised by the security profiles; nothing is wrong with a run that raises some. */
  alarms: number
  lastRejection?: string
  lastError?: string
  broken?: string
  /** Nobody reads our output any more. */
  isUnread?: boolean
  /** Something outside the core's events went wrong. */
  failure?: string
}

const newRun = (): Run => ({ accepted: 0, rejected: 0, silent: 0, alarms: 0 })

function count(run: Run, event: ViewedEvent): void {
  if (event.event === 'component' && event.state === 'BROKEN') run.broken = event.reason ?? 'no reason given'
  if (event.event === 'log' && event.view.level === 'error') run.lastError = event.view.message
  if (event.event === 'message' && event.view?.kind === 'violation') run.alarms = event.view.raisedCount
  if (event.event !== 'report') return
  if (event.status === 'ACCEPTED') run.accepted++
  if (event.status === 'SILENT') run.silent++
  if (event.status === 'REJECTED') {
    run.rejected++
    if (event.reply?.status === 'REJECTED') {
      const { ErrorCode, ErrorMessage } = event.reply.statusDetails
      const found = event.remarks?.[0]
      run.lastRejection = `${ErrorCode}: ${ErrorMessage}${found === undefined ? '' : ` (${found})`}`
    }
  }
}

/** Why the run counts as failed, if it does. */
function judge(run: Run, isStopped: boolean): string | undefined {
  const { accepted, rejected, silent, lastRejection, lastError, broken } = run
  const because = lastError === undefined ? '' : `; the component's last error: ${lastError}`
  if (broken !== undefined) return `the component is BROKEN: ${broken}${because}`
  if (accepted > 0) return undefined
  if (rejected > 0) {
    return `no report was accepted, ${rejected} rejected${lastRejection === undefined ? '' : `, the last with ${lastRejection}`}`
  }
  if (silent > 0) return `no report was accepted, ${silent} got no reply`
  if (run.isUnread) return 'standard output was closed before the first report'
  if (isStopped) return `stopped before the first report${because}`
  return `no report was published before the end; is the interval longer than the run?${because}`
}

/**
 * `--interval` and `--state` beat the file, which beats the defaults: everything in quick time, and the security profiles that the
 * attacks of `defender attack` violate.
 */
async function componentConfiguration({
  interval,
  config,
  state,
}: LocalOptions): Promise<Record<string, unknown>> {
  const { demoProfiles } = await import('../../src/local-core/demo-profiles.ts')
  const given = config === undefined ? {} : await readConfiguration(config)
  const seconds = interval ?? secondsOf(given.SampleIntervalSeconds) ?? INTERVAL_SECONDS_DEFAULT
  return {
    SampleIntervalSeconds: seconds,
    // An alarm should come while one looks, and a state with each report.
    LocalSampleIntervalSeconds: Math.max(SAMPLE_SECONDS_MIN, Math.min(1, seconds / 2)),
    HealthIntervalSeconds: Math.max(1, seconds),
    // On a desk most of what can be tried out happens on the loopback interface.
    IncludeLoopback: true,
    SecurityProfiles: demoProfiles,
    // Other users' processes stay unknown, unless this is run by root.
    ProcessAttribution: true,
    ...given,
    ...(interval !== undefined && { SampleIntervalSeconds: interval }),
    ...(state !== undefined && { StateDirectory: resolve(state) }),
  }
}

/** Of a number, or a text that holds one as the component takes it; what will not do is for the component to refuse. */
function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' ? Number(value) : value
  return typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds) ? seconds : undefined
}

/** As the component is told; whether it takes that is for the component to say. */
const paceOf = ({ Schedule, SampleIntervalSeconds }: Record<string, unknown>): string =>
  Schedule ? `by the schedule ${JSON.stringify(Schedule)}` : `every ${String(SampleIntervalSeconds)} s`

/** YAML 1.2, of which JSON is a part. */
async function readConfiguration(file: string): Promise<Record<string, unknown>> {
  const { parse } = await import('yaml')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--config ${file}: cannot be read (${error.code})`)
  })
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    throw new Error(`--config ${file}: ${error instanceof Error ? error.message.trim() : String(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`--config ${file}: must hold a mapping of parameters, such as "LogLevel: debug"`)
  }
  return value as Record<string, unknown>
}

function componentPaths(root: string): { recipePath: string; decompressedPath: string } {
  const recipePath = join(root, 'recipes', `${COMPONENT_NAME}.yaml`)
  const decompressedPath = join(root, 'dist', 'artifact')
  const program = join(decompressedPath, 'greengrass-defender', 'main.js')
  if (!existsSync(program)) throw new Error(`${program} is missing: run \`npm run build\` first`)
  return { recipePath, decompressedPath }
}

interface Surroundings {
  readonly configuration: Readonly<Record<string, unknown>>
  /** Where the component keeps its state, unless its configuration says otherwise. */
  readonly workDirectory: string
  /** Once it runs. */
  readonly core: () => RunningCore | undefined
}

/** The page, and what it can set off: attacks, trials of behaviors, a change of the component's profiles. */
async function servePage(options: LocalOptions, io: LocalIo, feed: Feed, surroundings: Surroundings) {
  const [
    { openPage },
    { attackRoutes, attackSeconds, createAttackDesk },
    { profileRoutes },
    { metricsRoute },
    { sessionGreeting },
    { nextSteps },
    { attackIo },
  ] = await Promise.all([
    import('../page/open-page.ts'),
    import('../page/attack-desk.ts'),
    import('../page/profile-desk.ts'),
    import('../page/metrics-route.ts'),
    import('../page/session.ts'),
    import('../../src/local-core/page/next-steps.ts'),
    import('./attack.ts'),
  ])
  const { configuration, workDirectory, core } = surroundings
  const now = () => Date.now()
  const stateDirectory =
    typeof configuration.StateDirectory === 'string' && configuration.StateDirectory !== ''
      ? configuration.StateDirectory
      : workDirectory
  let profiles = profilesIn(configuration.SecurityProfiles)
  const tellProfiles = () => feed.publish({ event: 'profiles', at: now(), profiles })
  tellProfiles()

  const desk = createAttackDesk({
    seconds: attackSeconds(secondsOf(configuration.SampleIntervalSeconds) ?? INTERVAL_SECONDS_DEFAULT),
    now,
    publish: feed.publish,
    io: attackIo,
  })
  const apply = async (changed: SecurityProfile): Promise<'applied' | 'rejected'> => {
    const running = core()
    if (running === undefined) return 'rejected'
    const { securityProfileName, ...content } = changed
    // Lists are replaced and objects merged (developer guide, "Update component configurations"); `reset` would bring
    // the recipe's default back, so criteria that became fewer replace the list that they stand in.
    const result = await running.updateConfiguration({ SecurityProfiles: { [securityProfileName]: content } })
    if (result === 'applied') {
      profiles = profiles.map((each) => (each.securityProfileName === securityProfileName ? changed : each))
      tellProfiles()
    }
    return result
  }
  const page = await openPage(
    {
      port: options.port,
      usualPort: PORT_DEFAULT,
      root: io.root,
      routes: new Map([
        ...attackRoutes(desk),
        ...profileRoutes({
          historyDirectory: join(stateDirectory, 'history'),
          lookBackMs: LOOK_BACK_MS,
          now,
          profiles: () => profiles,
          apply,
        }),
        metricsRoute(join(stateDirectory, 'status.json'), now),
      ]),
      greeting: () =>
        sessionGreeting({ kind: 'machine', steps: nextSteps(options.mode, options.state), canApply: true }),
      writeError: (line) => io.stderr.write(`${line}\n`),
    },
    feed,
  )
  return { page, desk }
}

/** Who holds the sockets of a report; nobody where the component reads another `/proc` than this machine's. */
async function openOwners({
  ProcPath,
}: Readonly<Record<string, unknown>>): Promise<
  ((view: ReportEventView, at: number) => OwnersEvent) | undefined
> {
  if (ProcPath !== undefined && ProcPath !== '/proc') return undefined
  const [{ ownersOf }, { openProcFs }, { systemClock }] = await Promise.all([
    import('../page/owners.ts'),
    import('../../src/procfs/proc-fs.ts'),
    import('../../src/schedule/clock.ts'),
  ])
  const proc = openProcFs()
  return (view, at) => ownersOf(proc, view, at, () => systemClock.monotonicMs())
}

/** As the parameter has them, by name; what is no profile is for the component to refuse. */
function profilesIn(parameter: unknown): readonly SecurityProfile[] {
  if (typeof parameter !== 'object' || parameter === null) return []
  return Object.entries(parameter)
    .filter(([, profile]) => typeof profile === 'object' && profile !== null)
    .map(([securityProfileName, profile]) => ({ ...profile, securityProfileName }))
}

/** The end of the run: a signal, the time, a BROKEN component, or a reader who has closed our output. */
function endOfRun({ stopped, stdout }: LocalIo, run: Run) {
  const early = new AbortController()
  let isOutputClosed = false
  // For good: what is still being written may fail after the run, too.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    isOutputClosed = true
    // `defender local | head -9` is not a fault; a full disk is.
    if (error.code === 'EPIPE') run.isUnread = true
    else run.failure ??= `standard output: ${error.message}`
    early.abort()
  })
  const ended = AbortSignal.any([stopped, early.signal])

  return {
    now: () => early.abort(),
    isOutputClosed: () => isOutputClosed,
    /** Resolves at the end, or after this time if that comes first. */
    reached: (afterSeconds: number | undefined): Promise<void> =>
      new Promise((resolve) => {
        const timer = afterSeconds === undefined ? undefined : setTimeout(resolve, afterSeconds * 1000)
        const finish = (): void => {
          clearTimeout(timer)
          resolve()
        }
        if (ended.aborted) finish()
        else ended.addEventListener('abort', finish, { once: true })
      }),
  }
}

/** A host name, as far as a thing may be called so (AWS IoT API reference, CreateThing). */
export function thingNameFrom(host: string): string {
  const name = host.replace(/[^a-zA-Z0-9:_-]+/g, '-').slice(0, 128)
  return name === '' ? 'this-machine' : name
}

/** A Unix socket's path ends at 107 bytes (unix(7)), and the core's lies some folders below this one. */
function shortTmpdir(): string {
  const directory = tmpdir()
  return Buffer.byteLength(directory) <= 60 ? directory : '/tmp'
}
