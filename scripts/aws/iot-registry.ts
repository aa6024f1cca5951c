/**
 * Groups and policies of things, role aliases and topic rules. Source: AWS IoT API reference, the actions named
 * beside. Absence is `undefined`; everything else that goes wrong is an `AwsProblem`.
 */
import type { Action, TopicRulePayload } from '@aws-sdk/client-iot'
import { type AwsOptions, callsOf, clientConfig } from './client.ts'

/** One of many kinds, which its only member names: `{ sns: { targetArn: … } }`. */
export type RuleAction = Readonly<Record<string, unknown>>

export interface TopicRule {
  readonly sql: string
  readonly description: string
  readonly isDisabled: boolean
  readonly actions: readonly RuleAction[]
  /** What is done with a message when an action fails. */
  readonly errorAction?: RuleAction
}

export interface IotRegistry {
  /** DescribeThingGroup. */
  hasThingGroup(name: string): Promise<boolean>
  /** CreateThingGroup. */
  createThingGroup(name: string, tags: Readonly<Record<string, string>>): Promise<void>
  /** ListThingGroupsForThing: the names of the groups that it is in itself. */
  groupsOf(thingName: string): Promise<readonly string[]>
  /** ListThingPrincipals: the ARNs of its certificates. */
  principalsOf(thingName: string): Promise<readonly string[]>
  /** ListAttachedPolicies: the names of those of a certificate or a thing group, and of the group's parents. */
  policiesOf(targetArn: string): Promise<readonly string[]>
  /** GetPolicy: the document of the default version. */
  policyDocument(name: string): Promise<string | undefined>
  /** DescribeRoleAlias: the ARN of its role. */
  roleOfAlias(alias: string): Promise<string | undefined>
  /** ListTopicRules, GetTopicRule. */
  topicRule(name: string): Promise<TopicRule | undefined>
  /** CreateTopicRule. */
  createTopicRule(name: string, rule: TopicRule): Promise<void>
  /** ReplaceTopicRule. */
  replaceTopicRule(name: string, rule: TopicRule): Promise<void>
  close(): void
}

/** API reference: the most that a page of any of these lists holds. */
const PAGE_SIZE = 250

/** Developer guide, "SQL versions". */
const SQL_VERSION = '2016-03-23'

export async function openIotRegistry(options: AwsOptions): Promise<IotRegistry> {
  const sdk = await import('@aws-sdk/client-iot')
  const client = new sdk.IoTClient(clientConfig(options))
  const { call, find, list } = await callsOf('iot', client, options, PAGE_SIZE)
  return {
    hasThingGroup: async (thingGroupName) => {
      const command = new sdk.DescribeThingGroupCommand({ thingGroupName })
      return (await find('DescribeThingGroup', () => client.send(command))) !== undefined
    },

    createThingGroup: async (thingGroupName, tags) => {
      const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
      const command = new sdk.CreateThingGroupCommand({ thingGroupName, tags: list })
      await call('CreateThingGroup', () => client.send(command))
    },

    groupsOf: (thingName) =>
      list(
        'ListThingGroupsForThing',
        (page) => client.send(new sdk.ListThingGroupsForThingCommand({ thingName, ...page })),
        (answer: { thingGroups?: { groupName?: string }[] }) =>
          answer.thingGroups?.map(({ groupName = '' }) => groupName),
      ),

    principalsOf: (thingName) =>
      list(
        'ListThingPrincipals',
        (page) => client.send(new sdk.ListThingPrincipalsCommand({ thingName, ...page })),
        (answer: { principals?: string[] }) => answer.principals,
      ),

    policiesOf: (target) =>
      list(
        'ListAttachedPolicies',
        // An older list, with other words for its pages.
        async ({ nextToken, maxResults }) => {
          const request = { target, recursive: true, marker: nextToken, pageSize: maxResults }
          const answer = await client.send(new sdk.ListAttachedPoliciesCommand(request))
          return { ...answer, nextToken: answer.nextMarker }
        },
        (answer: { policies?: { policyName?: string }[] }) =>
          answer.policies?.map(({ policyName = '' }) => policyName),
      ),

    policyDocument: async (policyName) => {
      const found = await find('GetPolicy', () => client.send(new sdk.GetPolicyCommand({ policyName })))
      return found?.policyDocument
    },

    roleOfAlias: async (roleAlias) => {
      const command = new sdk.DescribeRoleAliasCommand({ roleAlias })
      const found = await find('DescribeRoleAlias', () => client.send(command))
      return found?.roleAliasDescription?.roleArn
    },

    topicRule: async (ruleName) => {
      // Of a rule that does not exist GetTopicRule says that access to it is denied, so the list is asked first.
      const names = await list(
        'ListTopicRules',
        (page) => client.send(new sdk.ListTopicRulesCommand(page)),
        (answer: { rules?: { ruleName?: string }[] }) => answer.rules?.map(({ ruleName = '' }) => ruleName),
      )
      if (!names.includes(ruleName)) return undefined
      const found = await find('GetTopicRule', () => client.send(new sdk.GetTopicRuleCommand({ ruleName })))
      if (found?.rule === undefined) return undefined
      const { sql = '', description = '', ruleDisabled = false, actions = [], errorAction } = found.rule
      return {
        sql,
        description,
        isDisabled: ruleDisabled,
        actions: actions as unknown as RuleAction[],
        ...(errorAction === undefined ? {} : { errorAction: errorAction as unknown as RuleAction }),
      }
    },

    createTopicRule: async (ruleName, rule) => {
      const command = new sdk.CreateTopicRuleCommand({ ruleName, topicRulePayload: payloadOf(rule) })
      await call('CreateTopicRule', () => client.send(command))
    },

    replaceTopicRule: async (ruleName, rule) => {
      const command = new sdk.ReplaceTopicRuleCommand({ ruleName, topicRulePayload: payloadOf(rule) })
      await call('ReplaceTopicRule', () => client.send(command))
    },

    close: () => client.destroy(),
  }
}

function payloadOf({ sql, description, isDisabled, actions, errorAction }: TopicRule): TopicRulePayload {
  return {
    sql,
    description,
    awsIotSqlVersion: SQL_VERSION,
    ruleDisabled: isDisabled,
    actions: actions as readonly object[] as Action[],
    ...(errorAction === undefined ? {} : { errorAction: errorAction as object as Action }),
  }
}
