import { describe, expect, test } from 'vitest'
import {
  type AgentState,
  initialState,
  parseAgentState,
  printAgentState,
} from '../../src/monitor/agent-state.ts'

const full: AgentState = {
  lastReportId: 1_768_478_400_000,
  ledger: {
    baseline: {
      bootId: 'boot-1',
      interfaces: [
        {
          name: 'eth0',
          index: 2,
          bytesIn: 2n ** 63n,
          packetsIn: 1n,
          bytesOut: 2n ** 64n - 1n,
          packetsOut: 0n,
        },
      ],
    },
    carried: { bytesIn: 1, packetsIn: 2, bytesOut: 3, packetsOut: 4 },
    inDoubt: { reportId: 9, traffic: { bytesIn: 5, packetsIn: 6, bytesOut: 7, packetsOut: 8 } },
    unanswered: [
      { reportId: 7 },
      { reportId: 8, traffic: { bytesIn: 1, packetsIn: 1, bytesOut: 1, packetsOut: 1 } },
    ],
  },
  messageInDoubt: { topic: 't', payload: Buffer.from([0, 255, 123]) },
  copyBaseline: { interfaces: [] },
  recentStarts: [1, 2, 3],
  startCount: 3,
  intents: {
    afterOutboxId: 4,
    entries: [{ kind: 'violation', topic: 'v', payload: Buffer.from('{}'), createdAt: 5 }],
    events: [],
  },
}

const throughJson = (state: AgentState) => parseAgentState(JSON.parse(JSON.stringify(printAgentState(state))))

test.each([
  { name: 'the first', state: initialState },
  { name: 'a full', state: full },
])('$name state comes back from JSON as it was: 64-bit counters and bytes too', ({ state }) => {
  expect(throughJson(state)).toEqual(state)
})

describe('what will not do is refused', () => {
  const cases: { name: string; stored: unknown; says: RegExp }[] = [
    { name: 'nothing', stored: null, says: /lastReportId/ },
    { name: 'a list', stored: [], says: /lastReportId/ },
    { name: 'no ledger', stored: { lastReportId: 1 }, says: /ledger/ },
    {
      name: 'a report id that is a text',
      stored: { ...initialState, lastReportId: '1' },
      says: /lastReportId/,
    },
    { name: 'no starts', stored: { ...initialState, recentStarts: undefined }, says: /starts/ },
  ]
  test.each(cases)('$name', ({ stored, says }) => {
    expect(() => parseAgentState(stored)).toThrow(says)
  })
})

test('alarms that cannot be read are judged anew; the rest is kept', () => {
  const { detect, ...rest } = parseAgentState({
    ...(printAgentState(full) as object),
    detect: { version: 99 },
  })
  expect(detect).toBeUndefined()
  expect(rest).toEqual(full)
})
