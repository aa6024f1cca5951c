/** The next revision of a deployment: one component's part changes, all else is handed on. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Deployment, DeploymentContent } from '../../../scripts/aws/deployments.ts'
import type { DataMap } from '../../../scripts/plan/normal.ts'
import { merged, pointersToUndo, withoutPointer } from '../../../scripts/rollout/configuration-tree.ts'
import { changedPart, mergedBy, restoredPart, revise } from '../../../scripts/rollout/revision.ts'
import { COMPONENT, foreignPart } from './bench.ts'

const configuration = fc.dictionary(
  fc.constantFrom('a', 'b', 'a/b', 'x~y', '', '__proto__', 'SampleIntervalSeconds'),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 5, noNullPrototype: true },
)
/** JSON as people write it, with blanks that a parser would lose. */
const mergeText = fc
  .tuple(configuration, fc.constantFrom(0, 1, 4))
  .map(([value, indent]) => JSON.stringify(value, null, indent))
const part = fc.record(
  {
    componentVersion: fc.constantFrom('1.0.0', '2.13.4', '0.0.1-rc.2'),
    configurationUpdate: fc.record(
      { merge: mergeText, reset: fc.array(fc.constantFrom('', '/a', '/b/c', '/x~0y'), { maxLength: 3 }) },
      { requiredKeys: [] },
    ),
    runWith: fc.record(
      {
        posixUser: fc.string({ minLength: 1 }),
        systemResourceLimits: fc.record({
          memory: fc.nat(),
          cpus: fc.double({ min: 0, max: 64, noNaN: true }),
        }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['componentVersion'] },
)
const content: fc.Arbitrary<DeploymentContent> = fc
  .record(
    {
      targetArn: fc.constant('arn:aws:iot:eu-west-1:123456789012:thinggroup/canary'),
      deploymentName: fc.string({ minLength: 1 }),
      components: fc.dictionary(fc.string({ minLength: 1 }), part, { maxKeys: 7, noNullPrototype: true }),
      ours: fc.option(part, { nil: undefined }),
      deploymentPolicies: fc.record({
        failureHandlingPolicy: fc.constantFrom('ROLLBACK' as const, 'DO_NOTHING' as const),
        componentUpdatePolicy: fc.record({ timeoutInSeconds: fc.nat() }),
      }),
      iotJobConfiguration: fc.record({ timeoutConfig: fc.record({ inProgressTimeoutInMinutes: fc.nat() }) }),
      parentTargetArn: fc.constant('arn:aws:iot:eu-west-1:123456789012:thinggroup/all'),
      tags: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 4, noNullPrototype: true }),
    },
    { requiredKeys: ['targetArn', 'components', 'deploymentPolicies', 'iotJobConfiguration'] },
  )
  .map(({ ours, ...rest }) => ({
    ...rest,
    components: { ...rest.components, ...(ours === undefined ? {} : { [COMPONENT]: ours }) },
  })) as fc.Arbitrary<DeploymentContent>

const change = fc.record({
  component: fc.constant(COMPONENT),
  version: fc.constant('1.1.0'),
  merge: configuration,
  reset: fc.array(fc.constantFrom('', '/a', '/a~1b', '/b/c'), { maxLength: 3 }),
}) as fc.Arbitrary<Parameters<typeof changedPart>[1]>

const deployment = (given: DeploymentContent): Deployment => ({
  deploymentId: 'before',
  content: given,
  status: 'ACTIVE',
  createdAt: 0,
})
const job = { configuration: { jobExecutionsRolloutConfig: { maximumPerMinute: 10 } }, asked: {} }

describe('revise', () => {
  test('changes nothing but its component, to the byte', () => {
    fc.assert(
      fc.property(content, change, (given, wanted) => {
        const before = JSON.stringify(foreignPart(given))
        const next = revise(deployment(given), given.targetArn, wanted, { name: 'new', job })
        expect(JSON.stringify(foreignPart(next))).toBe(before)
        expect(Object.keys(next.components).filter((name) => name !== COMPONENT)).toEqual(
          Object.keys(given.components).filter((name) => name !== COMPONENT),
        )
      }),
    )
  })

  test('done twice is done once', () => {
    fc.assert(
      fc.property(content, change, (given, wanted) => {
        const once = revise(deployment(given), given.targetArn, wanted, { name: 'new', job })
        const twice = revise(deployment(once), given.targetArn, wanted, { name: 'new', job })
        expect(twice.components).toEqual(once.components)
      }),
    )
  })
})

describe('a rollback', () => {
  /** What a device's configuration becomes, as a nucleus does it, over the recipe's defaults. */
  const applied = (device: object, { configurationUpdate: update = {} }: ReturnType<typeof changedPart>) =>
    merged(
      (update.reset ?? []).reduce(withoutPointer, device as Parameters<typeof withoutPointer>[0]),
      JSON.parse(update.merge ?? '{}'),
    )

  test('leaves a device with the configuration that it had', () => {
    fc.assert(
      fc.property(part, change, (given, wanted) => {
        const old = given as ReturnType<typeof changedPart>
        const device = applied({}, old)
        const next = changedPart(old, wanted)
        const after = applied(applied(device, next), restoredPart(old, [next], device as DataMap))
        expect(pruned(after)).toEqual(pruned(device))
      }),
    )
  })

  /** Maps with nothing in them configure nothing. */
  function pruned(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const entries = Object.entries(value).map(([key, each]) => [key, pruned(each)] as const)
    const full = entries.filter(([, each]) => each !== undefined)
    return full.length === 0 ? undefined : Object.fromEntries(full.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
})

describe('the part of a component', () => {
  const old = { componentVersion: '1.0.0', configurationUpdate: { merge: '{ "a": {"b": 1, "c": 2} }' } }
  const cases = [
    {
      name: 'keeps the text of a configuration that does not change',
      change: { merge: {}, reset: [] },
      gives: { componentVersion: '1.1.0', configurationUpdate: { merge: '{ "a": {"b": 1, "c": 2} }' } },
    },
    {
      name: 'merges into maps',
      change: { merge: { a: { b: 3 } }, reset: [] },
      gives: { componentVersion: '1.1.0', configurationUpdate: { merge: '{"a":{"b":3,"c":2}}' } },
    },
    {
      name: 'no longer merges what is reset',
      change: { merge: {}, reset: ['/a/b'] },
      gives: { componentVersion: '1.1.0', configurationUpdate: { merge: '{"a":{"c":2}}', reset: ['/a/b'] } },
    },
    {
      name: 'has no merge where nothing is left of it',
      change: { merge: {}, reset: ['/a'] },
      gives: { componentVersion: '1.1.0', configurationUpdate: { reset: ['/a'] } },
    },
  ]
  test.each(cases)('$name', ({ change: { merge, reset }, gives }) => {
    expect(changedPart(old, { component: COMPONENT, version: '1.1.0', merge, reset })).toEqual(gives)
  })

  test('is restored with the old text and a reset of what only the newer had', () => {
    const newer = {
      componentVersion: '1.1.0',
      configurationUpdate: { merge: '{"a":{"b":3,"d":1},"e/f":true}' },
      runWith: { posixUser: 'someone' },
    }
    expect(restoredPart(old, [newer], mergedBy(old))).toEqual({
      componentVersion: '1.0.0',
      configurationUpdate: { merge: '{ "a": {"b": 1, "c": 2} }', reset: ['/a/d', '/e~1f'] },
    })
  })
})

describe('pointers', () => {
  const cases = [
    { name: 'a key that is new', before: { a: 1, b: 2 }, after: { a: 0 }, gives: ['/b'] },
    { name: 'a key within a map', before: { a: { b: 1, c: 2 } }, after: { a: { b: 0 } }, gives: ['/a/c'] },
    { name: 'a whole map that is new', before: { a: { b: 1, c: 2 } }, after: {}, gives: ['/a'] },
    { name: 'a map in the place of a value', before: { a: { b: 1 } }, after: { a: 1 }, gives: ['/a'] },
    { name: 'a list, which a merge replaces', before: { a: [1, 2] }, after: { a: [3] }, gives: [] },
    { name: 'characters that RFC 6901 escapes', before: { 'a/b~c': 1 }, after: {}, gives: ['/a~1b~0c'] },
  ]
  test.each(cases)('to undo $name', ({ before, after, gives }) => {
    expect(pointersToUndo(before, after)).toEqual(gives)
  })
})
