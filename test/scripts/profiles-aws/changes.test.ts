/** Plans as data: what equal meaning is, which changes follow from a difference, and in which order. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Change, planChanges } from '../../../scripts/plan/changes.ts'
import { tooManyDeletions } from '../../../scripts/plan/check.ts'
import { differences } from '../../../scripts/plan/difference.ts'
import { fingerprintOf } from '../../../scripts/plan/fingerprint.ts'
import { normalProfile } from '../../../scripts/plan/normal.ts'
import type { Actual, ActualProfile, Desired, DesiredProfile } from '../../../scripts/plan/resources.ts'
import { shortTarget, targetArn } from '../../../scripts/plan/target.ts'
import { fieldText } from '../../../scripts/plan/text.ts'
import type { SecurityProfile } from '../../../src/detect/security-profile.ts'

const scope = { partition: 'aws', region: 'eu-west-1', accountId: '123456789012' }

const profile = (more: Partial<SecurityProfile> = {}): SecurityProfile => ({
  securityProfileName: 'p',
  ...more,
})
const ports = (allowed: number[], more = {}) => ({
  name: 'ports',
  metric: 'aws:listening-tcp-ports',
  criteria: { comparisonOperator: 'in-port-set' as const, value: { ports: allowed } },
  ...more,
})

describe('equal in meaning', () => {
  const same: { name: string; a: Partial<SecurityProfile>; b: Partial<SecurityProfile> }[] = [
    { name: 'order of ports', a: { behaviors: [ports([22, 80])] }, b: { behaviors: [ports([80, 22, 80])] } },
    {
      name: 'order of behaviors',
      a: { behaviors: [ports([1]), ports([2], { name: 'other' })] },
      b: { behaviors: [ports([2], { name: 'other' }), ports([1])] },
    },
    {
      name: 'defaults of a criteria',
      a: { behaviors: [ports([1])] },
      b: {
        behaviors: [
          {
            ...ports([1]),
            suppressAlerts: false,
            exportMetric: false,
            criteria: {
              ...ports([1]).criteria,
              consecutiveDatapointsToAlarm: 1,
              consecutiveDatapointsToClear: 1,
            },
          },
        ],
      },
    },
    {
      name: 'the operator of a dimension',
      a: { behaviors: [ports([1], { metricDimension: { dimensionName: 'd' } })] },
      b: { behaviors: [ports([1], { metricDimension: { dimensionName: 'd', operator: null } })] },
    },
    {
      name: 'both lists of metrics to retain',
      a: { additionalMetricsToRetain: ['aws:all-bytes-in', 'aws:all-bytes-out'] },
      b: { additionalMetricsToRetainV2: [{ metric: 'aws:all-bytes-out' }, { metric: 'aws:all-bytes-in' }] },
    },
    {
      name: 'empty and absent parts',
      a: {},
      b: { behaviors: [], alertTargets: {}, additionalMetricsToRetain: [], securityProfileDescription: '' },
    },
  ]
  test.each(same)('$name', ({ a, b }) => {
    expect(normalProfile(profile(a))).toEqual(normalProfile(profile(b)))
  })

  const different: {
    name: string
    a: Partial<SecurityProfile>
    b: Partial<SecurityProfile>
    path: string
  }[] = [
    {
      name: 'a port more',
      a: { behaviors: [ports([1])] },
      b: { behaviors: [ports([1, 2])] },
      path: 'behaviors.ports.criteria.value.ports',
    },
    {
      name: 'no port at all instead of one',
      a: { behaviors: [ports([1])] },
      b: { behaviors: [ports([])] },
      path: 'behaviors.ports.criteria.value.ports',
    },
    {
      name: 'alerts suppressed',
      a: { behaviors: [ports([1])] },
      b: { behaviors: [ports([1], { suppressAlerts: true })] },
      path: 'behaviors.ports.suppressAlerts',
    },
    {
      name: 'a dimension the other way round',
      a: { behaviors: [ports([1], { metricDimension: { dimensionName: 'd' } })] },
      b: { behaviors: [ports([1], { metricDimension: { dimensionName: 'd', operator: 'NOT_IN' } })] },
      path: 'behaviors.ports.metricDimension.operator',
    },
    {
      name: 'a retained metric exported',
      a: { additionalMetricsToRetainV2: [{ metric: 'aws:all-bytes-in' }] },
      b: { additionalMetricsToRetainV2: [{ metric: 'aws:all-bytes-in', exportMetric: true }] },
      path: 'additionalMetricsToRetain.aws:all-bytes-in',
    },
  ]
  test.each(different)('but not: $name', ({ a, b, path }) => {
    const found = differences(normalProfile(profile(a)), normalProfile(profile(b)))
    expect(found.map((each) => each.path)).toEqual([path])
  })
})

describe('a part that goes', () => {
  const all: SecurityProfile = profile({
    behaviors: [ports([1])],
    alertTargets: { SNS: { alertTargetArn: 'arn:aws:sns:eu-west-1:1:a', roleArn: 'role' } },
    additionalMetricsToRetain: ['aws:all-bytes-in'],
    metricsExportConfig: { mqttTopic: 't', roleArn: 'role' },
    securityProfileDescription: 'words',
  })
  const flags = {
    behaviors: 'deleteBehaviors',
    alertTargets: 'deleteAlertTargets',
    additionalMetricsToRetain: 'deleteAdditionalMetricsToRetain',
    metricsExportConfig: 'deleteMetricsExportConfig',
  } as const

  const goes = Object.entries(flags).flatMap(([part, flag]) => [
    { part, flag, how: 'absent', left: {} },
    { part, flag, how: 'empty', left: { [part]: part === 'alertTargets' ? {} : [] } },
  ])
  // An export has no empty form.
  const cases = goes.filter(({ part, how }) => part !== 'metricsExportConfig' || how === 'absent')
  test.each(cases)('$part, $how in the file, needs $flag', ({ part, flag, left }) => {
    const { [part as keyof SecurityProfile]: _, ...rest } = all
    const [update] = planFrom(
      [{ path: '', profile: { ...rest, ...left } as SecurityProfile }],
      [existing(all)],
    )
    expect(update).toMatchObject({ action: 'update', deletions: { [flag]: true }, expectedVersion: 3 })
    // Beside the flag AWS refuses even an empty value.
    expect(update).not.toHaveProperty(`profile.${part}`)
  })

  test('a description is replaced by none', () => {
    const { securityProfileDescription: _, ...rest } = all
    const [update] = planFrom([{ path: '', profile: rest }], [existing(all)])
    expect(update).toMatchObject({ profile: { securityProfileDescription: '' }, deletions: {} })
  })
})

const existing = (given: SecurityProfile, targets: string[] = []): ActualProfile => ({
  profile: given,
  arn: `arn:aws:iot:eu-west-1:123456789012:securityprofile/${given.securityProfileName}`,
  version: 3,
  targets,
})

function planFrom(desired: DesiredProfile[], actual: ActualProfile[], prune = false): Change[] {
  return planChanges(wants(desired), has(actual), { prune })
}
const wants = (profiles: DesiredProfile[]): Desired => ({
  profiles: new Map(profiles.map((each) => [each.profile.securityProfileName, each])),
  customMetrics: new Map(),
  dimensions: new Map(),
  mitigationActions: new Map(),
})
const has = (profiles: ActualProfile[]): Actual => ({
  profiles: new Map(profiles.map((each) => [each.profile.securityProfileName, each])),
  customMetrics: new Map(),
  dimensions: new Map(),
  mitigationActions: new Map(),
  missingThingGroups: new Set(),
})

test('AWS-owned tags are left alone', () => {
  const [removal, ...rest] = planFrom(
    [{ path: '', profile: profile(), tags: new Map() }],
    [
      {
        ...existing(profile()),
        tags: new Map([
          ['aws:cloudformation:stack-id', 'x'],
          ['owner', 'a'],
        ]),
      },
    ],
  )
  expect(removal).toMatchObject({ action: 'delete', of: 'tag', fields: [{ path: 'owner', before: 'a' }] })
  expect(rest).toEqual([])
})

describe('in any plan', () => {
  const name = fc.constantFrom<string[]>('a', 'b', 'c', 'd')
  const target = fc.constantFrom<string[]>('all/things', 'gateways', 'cameras')
  const anyProfile = fc
    .record({ name, ports: fc.uniqueArray(fc.integer({ min: 0, max: 3 })), targets: fc.uniqueArray(target) })
    .map((each) => ({
      profile: { securityProfileName: each.name, behaviors: [ports(each.ports)] },
      targets: each.targets,
    }))
  const profiles = fc.uniqueArray(anyProfile, { selector: (each) => each.profile.securityProfileName })

  test('each profile is changed at most once, exists before it is attached, and is detached before it goes', () => {
    fc.assert(
      fc.property(profiles, profiles, fc.boolean(), (wanted, found, prune) => {
        const changes = planFrom(
          wanted.map((each) => ({ path: '', ...each })),
          found.map((each) => existing(each.profile, each.targets)),
          prune,
        )
        const attached = new Map(
          found.map((each) => [each.profile.securityProfileName, new Set(each.targets)]),
        )
        for (const change of changes) {
          const targets = attached.get(change.name)
          if (change.of === 'security-profile') {
            if (change.action === 'create') {
              expect(targets).toBeUndefined()
              attached.set(change.name, new Set())
            } else expect(targets).toBeDefined()
            if (change.action === 'delete') {
              expect(targets?.size).toBe(0)
              attached.delete(change.name)
            }
          }
          if (change.of === 'target') {
            expect(targets?.has(change.target)).toBe(change.action === 'detach')
            if (change.action === 'attach') targets?.add(change.target)
            else targets?.delete(change.target)
          }
        }
        for (const each of wanted) {
          expect(attached.get(each.profile.securityProfileName)).toEqual(new Set(each.targets))
        }
        const others = [...attached.keys()].filter(
          (each) => !wanted.some(({ profile: { securityProfileName } }) => securityProfileName === each),
        )
        if (prune) expect(others).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('the fingerprint is the same for the same plan and another for another', () => {
    fc.assert(
      fc.property(profiles, profiles, (wanted, found) => {
        const plan = (list: typeof wanted) =>
          planFrom(
            list.map((each) => ({ path: '', ...each })),
            found.map((each) => existing(each.profile, each.targets)),
          )
        const changes = plan(wanted)
        const mark = (list: readonly Change[]) => fingerprintOf(list, 'eu-west-1', scope)
        expect(mark(plan([...wanted].reverse()))).toBe(mark(changes))
        expect(fingerprintOf(changes, 'eu-west-2', scope)).not.toBe(mark(changes))
        if (changes.length > 0) expect(mark(changes.slice(1))).not.toBe(mark(changes))
      }),
    )
  })
})

test.each([
  { deleted: 1, of: 1, refused: false },
  { deleted: 2, of: 6, refused: false },
  { deleted: 2, of: 5, refused: true },
  { deleted: 3, of: 3, refused: true },
])('$deleted deletions of $of: refused is $refused', ({ deleted, of, refused }) => {
  const found = Array.from({ length: of }, (_, index) =>
    existing(profile({ securityProfileName: `p${index}` })),
  )
  const kept = found.slice(deleted).map((each) => ({ path: '', profile: each.profile }))
  const excess = tooManyDeletions(planFrom(kept, found, true), has(found))
  expect(excess !== undefined).toBe(refused)
})

test.each([
  ['all/things', 'arn:aws:iot:eu-west-1:123456789012:all/things'],
  ['gateways', 'arn:aws:iot:eu-west-1:123456789012:thinggroup/gateways'],
])('the target %s is %s and back', (short, arn) => {
  expect(targetArn(short, scope)).toBe(arn)
  expect(shortTarget(arn, scope)).toBe(short)
  expect(shortTarget(arn, { ...scope, region: 'us-east-1' })).toBe(arn)
  expect(shortTarget(arn, { ...scope, accountId: '210987654321' })).toBe(arn)
})

test('of a long list what came and went is shown', () => {
  const before = Array.from({ length: 20 }, (_, index) => index)
  expect(fieldText({ path: 'ports', before, after: [...before.slice(1), 99] })).toBe(
    'ports: -0 +99 (20 -> 20)',
  )
})
