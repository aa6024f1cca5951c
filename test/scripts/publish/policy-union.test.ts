/** What is added to a policy that is there, and that all of it stays. */
import { describe, expect, test } from 'vitest'
import { withStatements } from '../../../scripts/publish/setup/policy-union.ts'

const wanted = {
  Version: '2012-10-17' as const,
  Statement: [
    { Sid: 'Artifacts', Effect: 'Allow' as const, Action: ['s3:GetObject'], Resource: ['arn:two/*'] },
  ],
}
const [statement] = wanted.Statement
const one = { ...statement, Resource: ['arn:one/*'] }
const { Sid: _, ...unnamed } = statement as { Sid: string }

interface Case {
  readonly name: string
  readonly existing: object
  /** `undefined`: it has all. */
  readonly gives: object | undefined
}

const cases: Case[] = [
  { name: 'no statements', existing: { Id: 'x' }, gives: { Id: 'x', Statement: [statement] } },
  { name: 'the same', existing: wanted, gives: undefined },
  {
    name: 'the same, as single texts',
    existing: { Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:two/*' } },
    gives: undefined,
  },
  {
    name: 'the same for another resource',
    existing: { Version: '2012-10-17', Statement: [one] },
    gives: {
      Version: '2012-10-17',
      Statement: [{ ...statement, Resource: ['arn:one/*', 'arn:two/*'] }],
    },
  },
  {
    name: 'more actions for another resource: they are not widened',
    existing: { Statement: [{ ...one, Sid: 'More', Action: ['s3:GetObject', 's3:PutObject'] }] },
    gives: {
      Statement: [{ ...one, Sid: 'More', Action: ['s3:GetObject', 's3:PutObject'] }, statement],
    },
  },
  {
    name: 'the same under a condition, which stays',
    existing: { Statement: [{ ...statement, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }] },
    gives: {
      Statement: [{ ...statement, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }, unnamed],
    },
  },
  {
    name: 'a denial',
    existing: { Statement: [{ ...unnamed, Effect: 'Deny' }] },
    gives: { Statement: [{ ...unnamed, Effect: 'Deny' }, statement] },
  },
  {
    name: 'all but a resource',
    existing: { Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], NotResource: ['arn:x'] }] },
    gives: {
      Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], NotResource: ['arn:x'] }, statement],
    },
  },
]

describe('a policy with', () => {
  test.each(cases)('$name', ({ existing, gives }) => {
    expect(withStatements(JSON.stringify(existing), wanted)).toEqual(gives)
    if (gives !== undefined) expect(withStatements(JSON.stringify(gives), wanted)).toBeUndefined()
  })
})
