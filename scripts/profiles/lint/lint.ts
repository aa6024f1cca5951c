/** Looks through profile files that are valid for what they probably do not mean, and mends what is safe to mend. */
import { openDocument, type Position } from '../document.ts'
import { type ProfileFile, placeIn, type ReadProfiles, readDocuments } from '../file.ts'
import type { TestFile } from '../test-file.ts'
import { applyEdits } from './edit.ts'
import type { Finding, LintContext, Rule } from './finding.ts'
import { meaning } from './meaning.ts'
import { metrics } from './metrics.ts'
import { overlap } from './overlap.ts'
import { sets } from './sets.ts'
import { missingTests } from './tests.ts'
import { thresholds } from './thresholds.ts'

export interface PlacedFinding extends Finding {
  readonly path: string
  readonly position: Position
}

const rules: readonly Rule[] = [meaning, thresholds, sets, overlap, metrics]

/** @param testsOf the test file beside a profile file, by the profile's path */
export function lintFiles(
  { files, customMetricTypes }: Pick<ReadProfiles, 'files' | 'customMetricTypes'>,
  testsOf: ReadonlyMap<string, TestFile>,
): PlacedFinding[] {
  return files.flatMap((file) => {
    const context: LintContext = { file, profile: file.profile, files, customMetricTypes }
    const found = [
      ...rules.flatMap((rule) => rule(context)),
      ...missingTests(context, testsOf.get(file.path)),
    ]
    return found
      .map((finding) => {
        const position = file.document.positionOf(placeIn(file, finding.at), positionedBy(finding.at))
        return { ...finding, path: file.path, position }
      })
      .sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column)
  })
}

/** A finding on a whole object is shown at its name, one on a value at the value. */
const positionedBy = (at: string) =>
  /\]$|\.(comparisonOperator|count|metric|name)$/.test(at) ? 'value' : 'key'

/** Each round mends what does not touch; a file of a thousand elements needs a few. */
const FIX_ROUNDS_MAX = 50

export interface FixedFile {
  readonly path: string
  readonly text: string
  readonly fixed: readonly string[]
}

/** The files that `--fix` would write, with what it would have mended; those that stay as they are are left out. */
export function fixFiles(read: Pick<ReadProfiles, 'files' | 'customMetricTypes'>): FixedFile[] {
  return read.files.flatMap((file) => fixFile(file, read.files) ?? [])
}

function fixFile(original: ProfileFile, files: readonly ProfileFile[]): FixedFile | undefined {
  const fixed: string[] = []
  let file = original
  for (let round = 0; round < FIX_ROUNDS_MAX; round++) {
    const others = files.map((each) => (each.path === original.path ? file : each))
    const { customMetricTypes } = readDocuments(others.map(({ document }) => document))
    const context: LintContext = { file, profile: file.profile, files: others, customMetricTypes }
    const mendable = rules.flatMap((rule) => rule(context)).filter(({ edits }) => edits !== undefined)
    const result = applyEdits(
      file.document,
      mendable.map(({ edits }) => edits ?? []),
    )
    if (result === undefined || result.applied.length === 0) break
    const opened = openDocument(file.path, result.text)
    const reread = opened.ok ? readDocuments([opened.document]).files[0] : undefined
    // What cannot be read back is not written.
    if (reread === undefined) break
    fixed.push(
      ...mendable
        .filter((_, index) => result.applied.includes(index))
        .map(({ code, at }) => `${code} at ${at}`),
    )
    file = reread
  }
  return fixed.length === 0 ? undefined : { path: original.path, text: file.document.text, fixed }
}
