/** `defender violations report`: gathers violations and the datapoints around them, and writes them as one HTML file. */
import { OperatorProblem } from '../../aws/operator-io.ts'
import type { ExitStatus } from '../../plan/io.ts'
import { formatFault } from '../../profiles/fault.ts'
import { readProfileFiles } from '../../profiles/file.ts'
import { formatBytes, plural } from '../../render/numbers.ts'
import { printable } from '../../render/terminal.ts'
import { writeWholeFile } from '../../whole-file.ts'
import {
  type FilterFlags,
  filterOf,
  type SourceFlags,
  statusOf,
  type ViolationsIo,
  withSource,
} from '../io.ts'
import type { Violation, ViolationSource } from '../model.ts'
import { readClientFiles } from './client-files.ts'
import { type Collected, collectSeries } from './collect.ts'
import { renderViolationReport } from './render.ts'

export interface ReportFlags extends SourceFlags, FilterFlags {
  readonly html: string
  readonly title?: string
  /** Hours. */
  readonly around: number
  readonly securityProfiles?: readonly string[]
}

const HOUR_MS = 3_600_000

export const report = (flags: ReportFlags, io: ViolationsIo): Promise<ExitStatus> =>
  withSource(flags, io, async (source, missing): Promise<ExitStatus> => {
    const profileTexts = await readProfileTexts(flags.securityProfiles ?? [])
    const violations = await source.violations(filterOf(flags))
    const now = io.clock.wallMs()
    const collected = await collectSeries(source, violations, {
      aroundMs: flags.around * HOUR_MS,
      now,
      ...(io.progress === undefined
        ? {}
        : {
            onProgress: (done: number, total: number) =>
              io.progress?.(`values of ${done} of ${total} things`),
          }),
    })
    io.progress?.('')
    const html = renderViolationReport({
      title: flags.title ?? titleOf(violations),
      source: source.description,
      generatedAt: now,
      violations,
      series: collected.series,
      profileTexts,
      notes: [
        ...missing.map((problem) => `Not all is in here: ${problem}.`),
        ...notesOn(source, violations, collected),
      ],
      client: await readClientFiles(),
    })
    // It holds addresses and processes: who else may read it the operator decides.
    await writeWholeFile(flags.html, html, { mode: 0o600 })
    const written = {
      path: flags.html,
      bytes: Buffer.byteLength(html),
      violations: violations.length,
      datapoints: collected.datapointCount,
      ...(missing.length === 0 ? {} : { missing }),
    }
    if (flags.output === 'json') io.write(`${JSON.stringify(written, null, 2)}\n`)
    else {
      const { path, bytes, datapoints } = written
      io.write(
        `${printable(path)}: ${plural(violations.length, 'violation')}, ${plural(datapoints, 'datapoint')}, ${formatBytes(bytes)}.\n`,
      )
    }
    return statusOf(missing)
  })

function titleOf(violations: readonly Violation[]): string {
  const things = [...new Set(violations.map(({ thingName }) => thingName))]
  const [only] = things
  return things.length === 1 ? `Violations of ${only}` : `Violations of ${plural(things.length, 'thing')}`
}

/** What is missing, and why: a chart without values would look like a device that was silent. */
function notesOn(
  source: ViolationSource,
  violations: readonly Violation[],
  { datapointCount, leftOut }: Collected,
): string[] {
  if (violations.length === 0)
    return ['Nothing was found: see the source and the filters with which this was made.']
  if (source.origin === 'events') {
    return [
      "Events carry no metric's course: made from a device's history or from Detect, this report has charts.",
    ]
  }
  if (datapointCount === 0)
    return ['No values were found for the time of these violations; they may be older than what is kept.']
  if (leftOut.length === 0) return []
  return [
    `The values of ${plural(leftOut.length, 'thing')} are left out, for there are too many for one file: narrow it with --thing or --since.`,
  ]
}

/** As JSON whatever the file is in; of several profiles of the same name the last. */
async function readProfileTexts(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (paths.length === 0) return new Map()
  const { files, faults } = await readProfileFiles(paths)
  if (faults.length > 0) throw new OperatorProblem(faults.map(formatFault).join('\n'))
  return new Map(files.map(({ profile }) => [profile.securityProfileName, JSON.stringify(profile, null, 2)]))
}
