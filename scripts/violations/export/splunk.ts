/**
 * Lines for Splunk's HTTP Event Collector (Splunk documentation, "Format events for HTTP Event Collector"): an event for
 * each time something was said of a violation. `time` is in epoch seconds, with milliseconds behind the point.
 */
import type { Violation } from '../model.ts'
import { verificationWords } from '../words.ts'
import { type Severity, severityOf } from './severity.ts'
import { titleOf } from './summary.ts'

export const splunkLinesOf = (violation: Violation, given: Severity): readonly object[] =>
  violation.records.map((record) => ({
    time: record.at / 1000,
    host: violation.thingName,
    source: 'greengrass-defender',
    sourcetype: 'greengrass:defender:violation',
    event: {
      message: titleOf(violation),
      violationId: violation.id,
      violationEventType: record.type,
      thingName: violation.thingName,
      securityProfileName: violation.securityProfileName,
      behavior: violation.behavior,
      ...(record.metricValue === undefined ? {} : { metricValue: record.metricValue }),
      ...(record.evidence === undefined ? {} : { evidence: record.evidence }),
      severity: severityOf(violation, given).toLowerCase(),
      ...(violation.verification === undefined
        ? {}
        : { verification: verificationWords[violation.verification.state] || 'unknown' }),
    },
    // Indexed by Splunk, and so quick to search for; text only.
    fields: {
      violation_id: violation.id,
      security_profile: violation.securityProfileName,
      behavior: violation.behavior.name,
      metric: violation.behavior.metric,
    },
  }))
