import { describe, expect, it } from 'vitest'
import { ownTopics, reportTopics, thingNameFault } from '../../src/report/topics.ts'

describe('thing names', () => {
  const bad: { name: string; thingName: string; fault: RegExp }[] = [
    { name: 'empty', thingName: '', fault: /empty/ },
    { name: 'too long', thingName: 'x'.repeat(129), fault: /129 characters, at most 128/ },
    { name: 'a level of its own', thingName: 'a/b', fault: /characters other than/ },
    { name: 'a wildcard for one level', thingName: '+', fault: /characters other than/ },
    { name: 'a wildcard for all levels', thingName: '#', fault: /characters other than/ },
    { name: 'a control character', thingName: 'pump\n', fault: /characters other than/ },
    { name: 'outside ASCII', thingName: 'pümpe', fault: /characters other than/ },
  ]
  it.each(bad)('$name', ({ thingName, fault }) => {
    expect(thingNameFault(thingName)).toMatch(fault)
    expect(() => reportTopics(thingName, 'json')).toThrow(expect.objectContaining({ code: 'thing-name' }))
    expect(() => ownTopics(thingName)).toThrow(fault)
  })

  it.each(['x', 'x'.repeat(128), 'plant-7:pump_3'])('%s is one', (thingName) => {
    expect(thingNameFault(thingName)).toBeUndefined()
  })
})

describe('topics', () => {
  it.each(['json', 'cbor'] as const)('of a report in %s', (format) => {
    expect(reportTopics('pump-3', format)).toEqual({
      publish: `$aws/things/pump-3/defender/metrics/${format}`,
      accepted: `$aws/things/pump-3/defender/metrics/${format}/accepted`,
      rejected: `$aws/things/pump-3/defender/metrics/${format}/rejected`,
    })
  })

  it('of our own', () => {
    expect(ownTopics('pump-3')).toEqual({
      reports: 'greengrass-defender/pump-3/reports',
      violations: 'greengrass-defender/pump-3/violations',
      health: 'greengrass-defender/pump-3/health',
    })
  })
})
