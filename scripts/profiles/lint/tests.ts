/** Behaviors that no test has ever seen raise an alarm. */

import type { TestFile } from '../test-file.ts'
import { testPathOf } from '../test-file.ts'
import { runTestFile } from '../test-run.ts'
import type { Finding, LintContext } from './finding.ts'

/** @param tests those that lie beside the profile, if any do */
export function missingTests({ file, profile }: LintContext, tests: TestFile | undefined): Finding[] {
  if ((profile.behaviors ?? []).length === 0) {
    const reason = 'without behaviors nothing is judged; AWS only keeps the metrics to retain'
    return [{ code: 'no-behaviors', severity: 'note', at: 'securityProfileName', reason, fix: 'add one' }]
  }
  if (tests === undefined) {
    const reason = `nobody has seen it raise an alarm: there is no ${testPathOf(file.path)}`
    const fix = 'write one, or let `defender profiles suggest` write it with the profile'
    return [{ code: 'missing-test', severity: 'note', at: 'securityProfileName', reason, fix }]
  }
  const { coverage } = runTestFile(tests, () => 0)
  return coverage
    .filter(({ isJudged, raised }) => isJudged && !raised)
    .map(({ behavior }): Finding => {
      const index = (profile.behaviors ?? []).findIndex(({ name }) => name === behavior)
      const reason = `no test in ${tests.path} sees it raise an alarm`
      const fix = 'add a series that violates it'
      return { code: 'missing-test', severity: 'warning', at: `behaviors[${index}].name`, reason, fix }
    })
}
