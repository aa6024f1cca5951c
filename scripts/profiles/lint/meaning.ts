/** The engine's own warnings, those that the component logs too, with the edits that are safe to make. */
import { profileWarnings } from '../../../src/detect/lint.ts'
import { networkOf } from '../prefix-text.ts'
import { addMember, type Edit, replaceScalar } from './edit.ts'
import type { Finding, LintContext } from './finding.ts'

/** Legal ways to say what a device is left to AWS or left open for; the others are mistakes in all likelihood. */
const notes: ReadonlySet<string> = new Set(['no-duration', 'mixed-with-ml'])

export function meaning({ file, profile }: LintContext): Finding[] {
  return profileWarnings(profile).map(({ code, path, reason, fix }): Finding => {
    const edits = editsFor(code, path, fix)
    const severity = notes.has(code) ? 'note' : 'warning'
    return { code, severity, at: path, reason, fix, ...(edits.length === 0 ? {} : { edits }) }
  })

  /** Only where the outcome is what any author meant: polarity against a percentile, and what changes no verdict. */
  function editsFor(code: string, path: string, fix: string): Edit[] {
    if (code === 'statistic-turned-round') {
      const operator = /"comparisonOperator": "([\w-]+)"/.exec(fix)?.[1]
      return operator === undefined ? [] : replaceScalar(file, path, operator)
    }
    if (code === 'host-bits') {
      const written = file.document.nodeAt(path)?.toString()
      const network = networkOf((written ?? '').replaceAll(/["']/g, '').trim())
      return network === undefined ? [] : replaceScalar(file, path, network)
    }
    if (code === 'no-duration') {
      const sibling = path.replace(/durationSeconds$/, 'comparisonOperator')
      return addMember(file, sibling, 'durationSeconds', '300')
    }
    return []
  }
}
