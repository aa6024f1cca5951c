/** A profile of the account as a profile file, so that a plan with the file finds nothing to change. */
import { stringify } from 'yaml'
import type { SecurityProfile } from '../../src/detect/security-profile.ts'
import { type Actual, type ActualProfile, namesUsedBy } from './resources.ts'

/** Lines of a file that are longer are hard to review. */
const LINE_CHARACTERS = 100

export function profileYaml({ profile, arn, targets, tags }: ActualProfile, actual: Actual): string {
  const used = namesUsedBy(profile)
  const content = withoutEmpty({
    securityProfileName: profile.securityProfileName,
    securityProfileDescription: profile.securityProfileDescription,
    behaviors: profile.behaviors,
    alertTargets: profile.alertTargets,
    additionalMetricsToRetainV2: retainedOf(profile),
    metricsExportConfig: profile.metricsExportConfig,
    tags: [...(tags ?? [])]
      .filter(([Key]) => !Key.startsWith('aws:'))
      .map(([Key, Value]) => ({ Key, Value })),
    customMetrics: pick(actual.customMetrics, used.customMetrics),
    dimensions: pick(actual.dimensions, used.dimensions),
  })
  // Said even where there are none: a plan leaves targets alone that a file says nothing of.
  const file = { ...content, targets: [...targets].sort() }
  return `# Imported from ${arn}\n${stringify(file, { lineWidth: LINE_CHARACTERS, aliasDuplicateObjects: false })}`
}

/** AWS answers with both lists; the newer one says all. */
function retainedOf(profile: SecurityProfile): SecurityProfile['additionalMetricsToRetainV2'] & object {
  const detailed = profile.additionalMetricsToRetainV2 ?? []
  const plain = (profile.additionalMetricsToRetain ?? []).filter(
    (name) => !detailed.some(({ metric }) => metric === name),
  )
  return [...detailed, ...plain.map((metric) => ({ metric }))]
}

const pick = <T>(all: ReadonlyMap<string, T>, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (all.has(name) ? [[name, all.get(name)]] : [])))

function withoutEmpty(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).filter(
      ([, value]) => value !== undefined && value !== '' && Object.keys(value as object).length > 0,
    ),
  )
}
