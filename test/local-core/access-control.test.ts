import { describe, expect, test } from 'vitest'
import { isPermitted, policyFaults } from '../../src/local-core/access-control.ts'

/** The policies' escape, and the shell's variable. */
const braced = (text: string) => `\${${text}}`

const MQTT = 'aws.greengrass.ipc.mqttproxy'
const PUBSUB = 'aws.greengrass.ipc.pubsub'
const PUBLISH = 'aws.greengrass#PublishToIoTCore'

const permitted = (
  mode: 'classic' | 'lite',
  resources: unknown,
  resource: string,
  { service = MQTT, operations = [PUBLISH] as unknown, operation = PUBLISH } = {},
) =>
  isPermitted(
    {
      mode,
      thingName: 'core-1',
      configuration: { accessControl: { [service]: { 'policy:1': { operations, resources } } } },
    },
    { service, operation, resource },
  )

describe('nothing is permitted', () => {
  test.each([
    { name: 'no configuration', configuration: undefined },
    { name: 'no accessControl', configuration: {} },
    { name: 'accessControl is a text', configuration: { accessControl: 'all' } },
    { name: 'no policy for the service', configuration: { accessControl: { [PUBSUB]: {} } } },
    { name: 'a policy is a text', configuration: { accessControl: { [MQTT]: { p: 'all' } } } },
    { name: 'a policy without lists', configuration: { accessControl: { [MQTT]: { p: {} } } } },
    {
      name: 'numbers where texts belong',
      configuration: { accessControl: { [MQTT]: { p: { operations: [1], resources: [2] } } } },
    },
  ])('$name', ({ configuration }) => {
    for (const mode of ['classic', 'lite'] as const) {
      const request = { service: MQTT, operation: PUBLISH, resource: 'a' }
      expect(isPermitted({ mode, thingName: 'core-1', configuration }, request)).toBe(false)
    }
  })

  test('for another operation, or one without its namespace', () => {
    expect(permitted('classic', ['*'], 'a', { operation: 'aws.greengrass#SubscribeToIoTCore' })).toBe(false)
    expect(permitted('classic', ['*'], 'a', { operations: ['PublishToIoTCore'] })).toBe(false)
  })
})

test('an operation may be any', () => {
  expect(permitted('lite', ['a'], 'a', { operations: ['*'] })).toBe(true)
})

describe('resources', () => {
  test.each([
    { pattern: '*', topic: 'a/b', classic: true, lite: true },
    { pattern: 'a/b', topic: 'a/b', classic: true, lite: true },
    { pattern: 'a/b', topic: 'a/bc', classic: false, lite: false },
    { pattern: 'a/*', topic: 'a/b/c', classic: true, lite: true },
    { pattern: 'a/*/c', topic: 'a/b/b/c', classic: true, lite: true },
    { pattern: 'a/*/c', topic: 'a/b/d', classic: false, lite: false },
    {
      pattern: '$aws/things/*/defender/metrics/*',
      topic: '$aws/things/x/defender/metrics/json',
      classic: true,
      lite: true,
    },
    { pattern: 'a/+', topic: 'a/b', classic: true, lite: true },
    { pattern: 'a/+', topic: 'a/b/c', classic: false, lite: false },
    { pattern: 'a/+/c', topic: 'a/b/c', classic: true, lite: true },
    { pattern: 'a/#', topic: 'a/b/c', classic: true, lite: true },
    { pattern: '#', topic: 'a/b', classic: true, lite: true },
    { pattern: 'a+b', topic: 'a+b', classic: true, lite: true },
    { pattern: 'a+b', topic: 'axb', classic: false, lite: false },
    { pattern: 'a/x+', topic: 'a/xyz', classic: false, lite: true }, // lite: + is the rest of a level, wherever it stands
    { pattern: 'a/#', topic: 'a', classic: true, lite: false },
    { pattern: '*/b/+', topic: 'a/b/c', classic: true, lite: false }, // lite does not mix * with + and #
    { pattern: 'a/+', topic: 'a/+', classic: true, lite: true }, // a filter as it is subscribed to
    { pattern: `a/${braced('*')}`, topic: 'a/*', classic: true, lite: true },
    { pattern: `a/${braced('*')}`, topic: 'a/b', classic: false, lite: false },
    { pattern: 'a.b', topic: 'axb', classic: false, lite: false },
    { pattern: '(a|b)', topic: 'a', classic: false, lite: false },
    { pattern: 'things/{iot:thingName}/x', topic: 'things/core-1/x', classic: false, lite: true },
    { pattern: 'things/{iot:thingName}/x', topic: 'things/core-2/x', classic: false, lite: false },
    { pattern: '', topic: 'a', classic: false, lite: false },
  ])('$pattern, $topic: classic $classic, lite $lite', ({ pattern, topic, classic, lite }) => {
    expect(permitted('classic', [pattern], topic)).toBe(classic)
    expect(permitted('lite', [pattern], topic)).toBe(lite)
  })

  test('local topics know no + and # on lite', () => {
    expect(permitted('lite', ['a/+'], 'a/b', { service: PUBSUB })).toBe(false)
    expect(permitted('classic', ['a/+'], 'a/b', { service: PUBSUB })).toBe(true)
  })
})

describe('what lite rejects a deployment for', () => {
  test.each([
    { resource: 'a/?', faults: 1 },
    { resource: `a/${braced('?')}`, faults: 0 },
    { resource: `a/${braced('iot:Connection.Thing.ThingName')}`, faults: 1 },
    { resource: `a/${braced('x').slice(0, -1)}`, faults: 1 },
    { resource: 'a/{iot:thingName}/*', faults: 0 },
  ])('$resource: $faults', ({ resource, faults }) => {
    const configuration = { accessControl: { [MQTT]: { p: { operations: ['*'], resources: [resource] } } } }
    expect(policyFaults('lite', configuration)).toHaveLength(faults)
    expect(policyFaults('classic', configuration)).toEqual([])
  })
})
