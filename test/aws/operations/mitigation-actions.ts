/** Mitigation actions, as they are defined; `detect-tasks.ts` carries them out. Source: iot API reference, CreateMitigationAction. */
import {
  type Account,
  arnOf,
  type Input,
  type StoredMitigationAction,
  secondsNow,
  setTags,
} from '../account.ts'
import { AwsError, invalid, notFound } from '../error.ts'
import { page } from '../page.ts'
import type { Operations } from './operation.ts'

/** General Reference, quotas of Device Defender. */
const MITIGATION_ACTIONS_MAX = 100

export const mitigationActionOperations: Operations = {
  CreateMitigationAction: (account, input) => {
    const name = String(input.actionName)
    const known = account.mitigationActions.get(name)
    if (known !== undefined) {
      throw new AwsError('ResourceAlreadyExistsException', `Mitigation action ${name} already exists.`, {
        resourceId: name,
        resourceArn: known.arn,
      })
    }
    if (account.mitigationActions.size >= MITIGATION_ACTIONS_MAX) {
      throw new AwsError('LimitExceededException', `More than ${MITIGATION_ACTIONS_MAX} mitigation actions.`)
    }
    const arn = arnOf(account, `mitigationaction/${name}`)
    const now = secondsNow(account)
    const id = `id-of-${name}`
    const params = checkedParams(input.actionParams)
    account.mitigationActions.set(name, {
      name,
      arn,
      id,
      roleArn: String(input.roleArn),
      params,
      createdAt: now,
      changedAt: now,
    })
    setTags(account, arn, input.tags)
    return { actionArn: arn, actionId: id }
  },

  DescribeMitigationAction: (account, input) => {
    const { name, arn, id, roleArn, params, createdAt, changedAt } = find(account, input.actionName)
    return {
      actionName: name,
      actionType: typeOf(params),
      actionArn: arn,
      actionId: id,
      roleArn,
      actionParams: params,
      creationDate: createdAt,
      lastModifiedDate: changedAt,
    }
  },

  UpdateMitigationAction: (account, input) => {
    const action = find(account, input.actionName)
    if (input.actionParams !== undefined) action.params = checkedParams(input.actionParams)
    if (input.roleArn !== undefined) action.roleArn = String(input.roleArn)
    action.changedAt = secondsNow(account)
    return { actionArn: action.arn, actionId: action.id }
  },

  ListMitigationActions: (account, input) => {
    const all = [...account.mitigationActions.values()]
      .filter(({ params }) => input.actionType === undefined || typeOf(params) === input.actionType)
      .map(({ name, arn, createdAt }) => ({ actionName: name, actionArn: arn, creationDate: createdAt }))
    const { entries, next } = page(account, 'mitigation actions', all, input)
    return { actionIdentifiers: entries, ...next }
  },
}

function find(account: Account, name: unknown): StoredMitigationAction {
  const action = account.mitigationActions.get(String(name))
  if (action === undefined) throw notFound(`Mitigation action ${name}`)
  return action
}

function checkedParams(params: unknown): Input {
  if (Object.keys(params as Input).length !== 1) throw invalid('exactly one kind of actionParams is required')
  return params as Input
}

/** `addThingsToThingGroupParams` are those of ADD_THINGS_TO_THING_GROUP. */
const typeOf = (params: Input) =>
  (Object.keys(params)[0] as string)
    .replace(/Params$/, '')
    .replace('IoT', 'Iot')
    .replaceAll(/(?<=[a-z])(?=[A-Z])|(?<=CA)(?=Cert)/g, '_')
    .toUpperCase()
