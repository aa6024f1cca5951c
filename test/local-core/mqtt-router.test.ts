import { describe, expect, test } from 'vitest'
import { isTopicFilter, isTopicName, Router, topicMatches } from '../../src/local-core/mqtt-router.ts'

test.each([
  { filter: 'a/b', topic: 'a/b', matches: true },
  { filter: 'a/b', topic: 'a/b/c', matches: false },
  { filter: 'a/b', topic: 'a', matches: false },
  { filter: 'a/+', topic: 'a/b', matches: true },
  { filter: 'a/+', topic: 'a/', matches: true },
  { filter: 'a/+', topic: 'a', matches: false },
  { filter: 'a/+', topic: 'a/b/c', matches: false },
  { filter: '+/+', topic: '/finance', matches: true },
  { filter: '/+', topic: '/finance', matches: true },
  { filter: '+', topic: '/finance', matches: false },
  { filter: 'a/+/c', topic: 'a/b/c', matches: true },
  { filter: '#', topic: 'a/b/c', matches: true },
  { filter: 'a/#', topic: 'a', matches: true },
  { filter: 'a/#', topic: 'a/b/c', matches: true },
  { filter: 'a/#', topic: 'ab', matches: false },
  { filter: '#', topic: '$aws/things/x', matches: false },
  { filter: '+/things/x', topic: '$aws/things/x', matches: false },
  { filter: '$aws/#', topic: '$aws/things/x', matches: true },
  { filter: '$aws/things/+', topic: '$aws/things/x', matches: true },
  { filter: 'A', topic: 'a', matches: false },
])('$filter and $topic: $matches', ({ filter, topic, matches }) => {
  expect(topicMatches(filter, topic)).toBe(matches)
})

describe('what may be subscribed and published to', () => {
  test.each([
    { text: '', filter: false, name: false },
    { text: 'a/b#', filter: false, name: false },
    { text: 'a/#/b', filter: false, name: false },
    { text: 'a+/b', filter: false, name: false },
    { text: 'a\0', filter: false, name: false },
    { text: '#', filter: true, name: false },
    { text: '+/a/#', filter: true, name: false },
    { text: 'a/b', filter: true, name: true },
    { text: '/', filter: true, name: true },
  ])('$text', ({ text, filter, name }) => {
    expect(isTopicFilter(text)).toBe(filter)
    expect(isTopicName(text)).toBe(name)
  })
})

test('each matching subscription gets the message once, until it ends', () => {
  const router = new Router<number>()
  const got: string[] = []
  const end = router.subscribe('a/#', (topic, message) => got.push(`first ${topic} ${message}`))
  router.subscribe('a/+', (topic, message) => got.push(`second ${topic} ${message}`))
  expect(router.publish('a/b', 1)).toBe(2)
  end()
  expect(router.publish('a/b', 2)).toBe(1)
  expect(router.publish('b', 3)).toBe(0)
  expect(got).toEqual(['first a/b 1', 'second a/b 1', 'second a/b 2'])
})

test('a subscriber that ends another during delivery disturbs nobody', () => {
  const router = new Router<number>()
  const got: string[] = []
  router.subscribe('a', () => end())
  const end = router.subscribe('a', () => got.push('second'))
  router.subscribe('a', () => got.push('third'))
  router.publish('a', 1)
  expect(got).toEqual(['second', 'third'])
})
