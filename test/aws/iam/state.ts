/** Roles and policies of IAM. */
import { type Account, secondsNow } from '../account.ts'

export interface Iam {
  /** By name. */
  readonly roles: Map<string, StoredRole>
  /** Managed ones, by ARN. */
  readonly policies: Map<string, ManagedPolicy>
}

export interface StoredRole {
  readonly name: string
  readonly arn: string
  /** JSON text: who may assume it. */
  readonly trust: string
  readonly createdAt: number
  /** JSON text by name. */
  readonly inline: Map<string, string>
  /** ARNs of managed policies. */
  readonly attached: Set<string>
  readonly tags: Map<string, string>
}

export interface ManagedPolicy {
  readonly name: string
  readonly arn: string
  /** JSON text. */
  readonly document: string
}

export interface NewRole {
  readonly name: string
  readonly trust?: object
  readonly inline?: Readonly<Record<string, object>>
  /** Managed policies, made as well. */
  readonly managed?: Readonly<Record<string, object>>
}

export function addRole(account: Account, given: NewRole): StoredRole {
  const { accountId, iam } = account
  const managed = Object.entries(given.managed ?? {}).map(([name, document]) => ({
    name,
    arn: `arn:aws:iam::${accountId}:policy/${name}`,
    document: JSON.stringify(document),
  }))
  for (const policy of managed) iam.policies.set(policy.arn, policy)
  const inline = Object.entries(given.inline ?? {})
  const role = {
    name: given.name,
    arn: `arn:aws:iam::${accountId}:role/${given.name}`,
    trust: JSON.stringify(given.trust ?? { Version: '2012-10-17', Statement: [] }),
    createdAt: secondsNow(account),
    inline: new Map(inline.map(([name, document]) => [name, JSON.stringify(document)])),
    attached: new Set(managed.map(({ arn }) => arn)),
    tags: new Map<string, string>(),
  }
  iam.roles.set(role.name, role)
  return role
}
