/**
 * The topic rule that hands the devices' own violations to an SNS topic in the shape of Device Defender's messages, so
 * that who subscribed to those goes on. Sources: iot API reference, ViolationEvent; AWS IoT developer guide, "AWS IoT
 * SQL reference" and "SNS" (rule actions).
 */
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import type { ExistingRule, SnsRule } from '../../aws/iot-registry.ts'

/** Names of rules have no hyphens. */
export const RULE_NAME = 'greengrass_defender_violations'

/** The members of Device Defender's own message; what our events have besides, the evidence, stays on the topic. */
const MEMBERS = {
  violationEventTime: true,
  thingName: true,
  behavior: true,
  violationEventType: true,
  metricValue: true,
  violationId: true,
  securityProfileName: true,
} as const satisfies Record<keyof Omit<ViolationEvent, 'evidence'>, true>

/** What an event does not have (a metricValue, when an alarm is invalidated) is left out of the message. */
const SQL = `SELECT ${Object.keys(MEMBERS).join(', ')} FROM 'greengrass-defender/+/violations'`

export const violationsRule = (topicArn: string, roleArn: string): SnsRule => ({
  sql: SQL,
  description: 'Violations found on devices by greengrass-defender, to SNS',
  targetArn: topicArn,
  roleArn,
})

/** What of an existing rule is not as it should be: one line each, none if it is. */
export function ruleDifferences(existing: ExistingRule, wanted: SnsRule): string[] {
  const [action, ...others] = existing.actions
  const sns = action?.sns as Readonly<Record<string, unknown>> | undefined
  const compare = (what: string, before: unknown, after: string) =>
    before === after ? [] : [`${what}: ${before === undefined ? '(none)' : String(before)} -> ${after}`]
  return [
    ...compare('sql', existing.sql, wanted.sql),
    ...compare('sns.targetArn', sns?.targetArn, wanted.targetArn),
    ...compare('sns.roleArn', sns?.roleArn, wanted.roleArn),
    ...compare('sns.messageFormat', sns?.messageFormat, 'RAW'),
    ...compare('enabled', existing.isDisabled ? 'no' : 'yes', 'yes'),
    ...(others.length === 0 ? [] : [`further actions: ${others.length} -> none`]),
  ]
}

/** Who may take the role: AWS IoT, for rules of this account (IAM user guide, "The confused deputy problem"). */
export const ruleTrust = (accountId: string) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'iot.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': accountId } },
    },
  ],
})

export const ruleRolePolicy = (topicArn: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sns:Publish', Resource: topicArn }],
})
