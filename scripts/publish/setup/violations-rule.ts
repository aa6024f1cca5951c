/**
 * The topic rule that hands the devices' own violations to an SNS topic in the shape of Device Defender's messages, so
 * that who subscribed to those goes on. Sources: iot API reference, ViolationEvent; AWS IoT developer guide, "AWS IoT
 * SQL reference" and "SNS" (rule actions).
 */
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import type { RuleAction, TopicRule } from '../../aws/iot-registry.ts'
import type { PolicyDocument } from '../../doctor/policies/documents.ts'
import { stableJson } from '../../plan/stable-json.ts'

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

/**
 * The rule as it should be. Of one that is there the rest is kept: its description, what it does on errors, and actions
 * that we know nothing of, to other topics too.
 */
export function violationsRule(topicArn: string, roleArn: string, existing?: TopicRule): TopicRule {
  // RAW: the message as the SQL selects it, and not within another.
  const action = { sns: { targetArn: topicArn, roleArn, messageFormat: 'RAW' } }
  const actions = existing?.actions ?? []
  const isThere = actions.some((each) => isTo(topicArn, each))
  return {
    description: 'Violations found on devices by greengrass-defender, to SNS',
    ...existing,
    sql: SQL,
    isDisabled: false,
    actions: isThere ? actions.map((each) => (isTo(topicArn, each) ? action : each)) : [...actions, action],
  }
}

const snsOf = ({ sns }: RuleAction) => sns as Readonly<Record<string, unknown>> | undefined

const isTo = (topicArn: string, action: RuleAction) => snsOf(action)?.targetArn === topicArn

/** What of an existing rule is not as it should be: one line each, none if it is. */
export function ruleDifferences(existing: TopicRule, wanted: TopicRule): string[] {
  const compare = (what: string, before: unknown, after: unknown) =>
    before === after ? [] : [`${what}: ${before === undefined ? '(none)' : String(before)} -> ${after}`]
  return [
    ...compare('sql', existing.sql, wanted.sql),
    ...compare('enabled', existing.isDisabled ? 'no' : 'yes', 'yes'),
    ...wanted.actions.flatMap((action, index) => {
      const [before, after] = [snsOf(existing.actions[index] ?? {}), snsOf(action)]
      if (stableJson(before) === stableJson(after)) return []
      return ['targetArn', 'roleArn', 'messageFormat'].flatMap((member) =>
        compare(`sns.${member}`, before?.[member], after?.[member]),
      )
    }),
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

export const ruleRolePolicy = (topicArn: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['sns:Publish'], Resource: [topicArn] }],
})

/**
 * Whether a role is for AWS IoT and for nobody else: what a server of a colleague's may assume is no place for our
 * policy. Conditions may be others than ours.
 */
export function isForRules(trust: string): boolean {
  const { Statement } = JSON.parse(trust) as { Statement?: unknown }
  const statements = [Statement ?? []].flat() as { Effect?: unknown; Principal?: unknown }[]
  const allows = statements.filter(({ Effect }) => Effect === 'Allow')
  return (
    allows.length > 0 &&
    allows.every(({ Principal }) => {
      const { Service, ...others } = (
        typeof Principal === 'object' && Principal !== null ? Principal : {}
      ) as {
        Service?: unknown
      }
      return (
        [Service].flat().every((each) => each === 'iot.amazonaws.com') && Object.keys(others).length === 0
      )
    })
  )
}
