import { expect, test } from 'vitest'
import { interfaceFilter } from '../../src/metrics/interfaces.ts'

const none = { allow: [], deny: [] }
test.each([
  { name: 'all but loopback', choice: none, loopback: false, counts: ['eth0', 'docker0'] },
  { name: 'loopback too', choice: none, loopback: true, counts: ['lo', 'eth0', 'docker0'] },
  { name: 'allowed only', choice: { allow: ['eth*'], deny: [] }, loopback: true, counts: ['eth0'] },
  { name: 'denied go first', choice: { allow: ['*'], deny: ['docker?'] }, loopback: false, counts: ['eth0'] },
  {
    name: 'a pattern is not a regular expression',
    choice: { allow: ['eth.', 'e[t]h0'], deny: [] },
    loopback: false,
    counts: [],
  },
])('$name', ({ choice, loopback, counts }) => {
  expect(['lo', 'eth0', 'docker0'].filter(interfaceFilter(choice, loopback))).toEqual(counts)
})
