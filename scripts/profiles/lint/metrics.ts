/** Metrics that the agent does not send, or that are not judged where the author may think. */
import { compileProfile } from '../../../src/detect/compile.ts'
import { isAwsMetric } from '../../../src/metrics/catalog.ts'
import { builtInMetrics, healthMetrics } from '../../../src/metrics/custom.ts'
import type { Finding, LintContext } from './finding.ts'

const ownMetrics: ReadonlySet<string> = new Set([...builtInMetrics, ...healthMetrics])

export function metrics(context: LintContext): Finding[] {
  return [...undeclared(context), ...unused(context), ...leftToAws(context), ...deprecated(context)]
}

function undeclared({ profile, customMetricTypes, files }: LintContext): Finding[] {
  return (profile.behaviors ?? []).flatMap(({ metric, metricDimension }, index): Finding[] => {
    const found: Finding[] = []
    if (!isAwsMetric(metric) && !customMetricTypes.has(metric)) {
      const source = ownMetrics.has(metric)
        ? `the agent sends it if CustomMetrics names it`
        : `the agent sends it only if CustomMetrics says where it comes from`
      found.push({
        code: 'undeclared-metric',
        severity: ownMetrics.has(metric) ? 'note' : 'warning',
        at: `behaviors[${index}].metric`,
        reason: `"${metric}" is a custom metric that no file declares: AWS ignores it, and ${source}`,
        fix: `declare it: customMetrics: { ${metric}: { type: number } }, with the type that it has`,
      })
    }
    const dimension = metricDimension?.dimensionName
    if (dimension !== undefined && !files.some(({ dimensions }) => dimensions.has(dimension))) {
      found.push({
        code: 'undeclared-dimension',
        severity: 'note',
        at: `behaviors[${index}].metricDimension`,
        reason: `no file declares the dimension "${dimension}": it has to be in the account already`,
        fix: `declare it: dimensions: { ${dimension}: { stringValues: [...] } }`,
      })
    }
    return found
  })
}

function unused({ file, files }: LintContext): Finding[] {
  const behaviors = files.flatMap(({ profile }) => profile.behaviors ?? [])
  const retained = files.flatMap(({ profile }) => [
    ...(profile.additionalMetricsToRetain ?? []),
    ...(profile.additionalMetricsToRetainV2 ?? []).map(({ metric }) => metric),
  ])
  const usedMetrics = new Set([...behaviors.map(({ metric }) => metric), ...retained])
  const usedDimensions = new Set(behaviors.map(({ metricDimension }) => metricDimension?.dimensionName))
  const finding = (kind: 'customMetrics' | 'dimensions', name: string): Finding => ({
    code: 'unused-declaration',
    severity: 'note',
    at: `${kind}.${name}`,
    reason: 'no behavior of these files is about it',
    fix: 'leave it out, or write the behavior',
  })
  return [
    ...[...file.customMetrics.keys()]
      .filter((name) => !usedMetrics.has(name))
      .map((name) => finding('customMetrics', name)),
    ...[...file.dimensions.keys()]
      .filter((name) => !usedDimensions.has(name))
      .map((name) => finding('dimensions', name)),
  ]
}

function leftToAws({ profile, customMetricTypes }: LintContext): Finding[] {
  const { notJudged } = compileProfile(profile, customMetricTypes)
  return notJudged.map(({ behavior, reason }) => ({
    code: 'not-judged-on-device',
    severity: 'note',
    at: `behaviors[${(profile.behaviors ?? []).indexOf(behavior)}]`,
    reason,
    fix: 'nothing, if AWS is to judge it; a device judges device-side and custom metrics with a value or a percentile',
  }))
}

function deprecated({ profile }: LintContext): Finding[] {
  const metrics = profile.additionalMetricsToRetain
  if (metrics === undefined || metrics.length === 0) return []
  return [
    {
      code: 'deprecated-member',
      severity: 'note',
      at: 'additionalMetricsToRetain',
      reason: 'AWS deprecated it in favour of additionalMetricsToRetainV2',
      fix: `additionalMetricsToRetainV2: [${metrics.map((metric) => `{ metric: ${metric} }`).join(', ')}]`,
    },
  ]
}
