/** Topic rules, as they are kept; none is carried out. Source: iot API reference, CreateTopicRule and its neighbours. */
import { type Account, arnOf, type Input, type StoredTopicRule, secondsNow, setTags } from '../account.ts'
import { AwsError, invalid } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'

/** As much of the grammar as can be told apart without it: AWS IoT Core developer guide, "AWS IoT SQL reference". */
const SQL = /^\s*SELECT\s.+\sFROM\s+'([^']+)'(\s+WHERE\s.+)?\s*$/is
const ACTIONS_MAX = 10

export const topicRuleOperations: Operations = {
  CreateTopicRule: (account, input) => {
    const name = String(input.ruleName)
    const known = account.topicRules.get(name)
    if (known !== undefined) {
      throw new AwsError('ResourceAlreadyExistsException', `Rule ${name} already exists.`, {
        resourceId: name,
        resourceArn: known.arn,
      })
    }
    const arn = arnOf(account, `rule/${name}`)
    const payload = checkedPayload(input.topicRulePayload)
    account.topicRules.set(name, { name, arn, payload, createdAt: secondsNow(account) })
    // The one list of tags that travels in a header, in the form of a query string.
    const tags = new URLSearchParams(String(input.tags ?? ''))
    setTags(
      account,
      arn,
      [...tags].map(([Key, Value]) => ({ Key, Value })),
    )
    return {}
  },

  GetTopicRule: (account, input) => {
    const { name, arn, payload, createdAt } = find(account, input.ruleName)
    return { ruleArn: arn, rule: { ruleName: name, createdAt, ruleDisabled: false, ...payload } }
  },

  ReplaceTopicRule: (account, input) => {
    find(account, input.ruleName).payload = checkedPayload(input.topicRulePayload)
    return {}
  },

  DeleteTopicRule: (account, input) => {
    const name = String(input.ruleName)
    account.topicRules.delete(name)
    account.tags.delete(arnOf(account, `rule/${name}`))
    return {}
  },

  ListTopicRules: (account, input) => {
    const all = [...account.topicRules.values()]
      .map(({ name, arn, payload, createdAt }) => ({
        ruleArn: arn,
        ruleName: name,
        topicPattern: SQL.exec(String(payload.sql))?.[1] ?? '',
        createdAt,
        ruleDisabled: payload.ruleDisabled === true,
      }))
      .filter(
        ({ topicPattern, ruleDisabled }) =>
          (input.topic === undefined || input.topic === topicPattern) &&
          (input.ruleDisabled === undefined || input.ruleDisabled === ruleDisabled),
      )
    const { entries, next } = page(account, 'rules', all, input)
    return { rules: entries, ...next }
  },
}

/** There is no ResourceNotFoundException among these operations' errors: a rule that is not there is not authorized. */
function find({ topicRules }: Account, name: unknown): StoredTopicRule {
  const rule = topicRules.get(String(name))
  if (rule === undefined) {
    throw new AwsError('UnauthorizedException', `Access to topic rule '${name}' was denied`)
  }
  return rule
}

function checkedPayload(given: unknown): Input {
  const payload = given as Input & { readonly actions: readonly object[] }
  if (!SQL.test(String(payload.sql))) {
    throw new AwsError('SqlParseException', `Expected a SELECT statement: ${payload.sql}`)
  }
  if (payload.actions.length > ACTIONS_MAX) throw invalid(`A rule has at most ${ACTIONS_MAX} actions`)
  for (const action of payload.actions) {
    if (Object.keys(action).length !== 1) throw invalid('An action must be of exactly one kind')
  }
  return payload
}
