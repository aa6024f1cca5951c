import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type AgentFacts, behaviorKey } from '../../../scripts/page/agent-facts.ts'
import { createFollower, followState } from '../../../scripts/page/follow-state.ts'
import { createKnownProfiles } from '../../../scripts/page/known-profiles.ts'
import { compileProfile } from '../../../src/detect/compile.ts'
import type { PageEvent } from '../../../src/local-core/page/page-event.ts'
import { openHistory } from '../../../src/store/history.ts'
import { writeState } from '../../../src/store/state-file.ts'
import { healthy } from '../../helpers/health.ts'
import { ManualClock, settle } from '../../helpers/manual-clock.ts'
import { violationEvent } from '../../local-core/page/events.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const DAY_MS = 86_400_000
const folders: string[] = []
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

async function newDevice() {
  const directory = await mkdtemp(join(tmpdir(), 'follow-test-'))
  folders.push(directory)
  const history = await openHistory(join(directory, 'history'))
  const events: PageEvent[] = []
  const problems: string[] = []
  const violations: unknown[] = []
  const facts: AgentFacts[] = []
  const clock = new ManualClock(NOW)
  const abort = new AbortController()
  const options = {
    directory,
    clock,
    publish: (event: PageEvent) => events.push(event),
    onViolation: (event: unknown) => violations.push(event),
    onFacts: (told: AgentFacts) => facts.push(told),
    onProblem: (problem: string) => problems.push(problem),
    signal: abort.signal,
  }
  const writeStatus = (text = JSON.stringify(healthy)) => writeFile(join(directory, 'status.json'), text)
  return { directory, history, events, problems, violations, facts, clock, abort, options, writeStatus }
}

const traffic = (value: number) => [
  { metric: 'aws:all-bytes-out', value: { count: value } },
  { metric: 'aws:listening-tcp-ports', value: { ports: [22] } },
]
const told = (events: readonly PageEvent[]) =>
  events.map((event) => `${event.event} ${event.event === 'message' ? event.view?.kind : event.at - NOW}`)

describe('following a device’s state', () => {
  it('says what is missing once, and goes on', async () => {
    const { options, events, problems } = await newDevice()
    const follower = createFollower(options)
    await follower.look()
    await follower.look()
    expect([events, problems]).toEqual([
      [],
      [expect.stringMatching(/status\.json: cannot be read \(ENOENT\)/)],
    ])
  })

  it('says what a status file is that is none', async () => {
    const { options, problems, writeStatus } = await newDevice()
    await writeStatus('{"healthVersion":9}')
    await createFollower(options).look()
    expect(problems[0]).toMatch(/version 9/)
  })

  it('tells the past in its order, then only what is new', async () => {
    const { options, events, violations, history, writeStatus } = await newDevice()
    await history.appendDatapoints(NOW - 2 * DAY_MS, traffic(1))
    await history.appendDatapoints(NOW - 60_000, traffic(2))
    await history.appendViolation(NOW - 30_000, violationEvent({ at: NOW - 30_000 }).payload)
    await history.appendDatapoints(NOW, traffic(3))
    await writeStatus()
    const follower = createFollower(options)
    await follower.look()
    expect(told(events)).toEqual(['message health', 'interval -60000', 'message violation', 'interval 0'])
    await follower.look()
    expect(events).toHaveLength(4)
    // Two at one instant, of which the second comes after a look.
    await history.appendViolation(NOW + 5, violationEvent({ id: 'b'.repeat(32), at: NOW + 5 }).payload)
    await follower.look()
    await history.appendViolation(NOW + 5, violationEvent({ id: 'c'.repeat(32), at: NOW + 5 }).payload)
    await history.appendDatapoints(NOW + 300_000, traffic(4))
    await follower.look()
    expect(told(events.slice(4))).toEqual(['message violation', 'message violation', 'interval 300000'])
    expect(violations).toHaveLength(3)
    expect(events.at(-1)).toMatchObject({ view: { listeners: [{ port: 22 }] } })
  })

  it('tells what the agent judges by and when it was started, again when that has changed', async () => {
    const { directory, options, facts, writeStatus } = await newDevice()
    await writeStatus()
    const follower = createFollower(options)
    await follower.look()
    const state = (fingerprint: unknown) => ({
      recentStarts: [NOW],
      detect: { version: 1, behaviors: [{ profileName: 'demo', behaviorName: 'A', fingerprint }] },
    })
    for (const fingerprint of ['aa', 'ab', 1]) {
      await writeState(join(directory, 'state.json'), { version: 1 }, state(fingerprint))
      await follower.look()
      await follower.look()
    }
    await writeState(join(directory, 'state.json'), { version: 1 }, { detect: { version: 99 } })
    await follower.look()
    await writeFile(join(directory, 'state.json'), 'no state')
    await follower.look()
    expect(facts).toEqual([
      { starts: [] },
      { starts: [NOW], judged: new Map([[behaviorKey('demo', 'A'), 'aa']]) },
      { starts: [NOW], judged: new Map([[behaviorKey('demo', 'A'), 'ab']]) },
      { starts: [NOW], judged: new Map() },
      { starts: [] },
      { starts: [] },
    ])
  })

  it('looks until it is stopped', async () => {
    const { options, events, clock, abort, writeStatus } = await newDevice()
    const done = followState(options)
    await expect.poll(() => clock.sleeperCount).toBe(1)
    expect(events).toEqual([])
    await writeStatus()
    await clock.advance(3_000)
    await expect.poll(() => told(events)).toEqual(['message health'])
    abort.abort()
    await settle()
    await done
  })
})

describe('the profiles that violations tell of', () => {
  const event = (name: string, ports: number[], profile = 'demo') => ({
    securityProfileName: profile,
    behavior: { name, metric: 'aws:listening-tcp-ports', criteria: { value: { ports } } },
  })

  it.each([
    undefined,
    1,
    {},
    { securityProfileName: 'a' },
    { securityProfileName: 'a', behavior: { name: 1 } },
  ])('are none of %j', (given) => {
    const known = createKnownProfiles([])
    expect([known.learn(given), known.all()]).toEqual([false, []])
  })

  it('are put together by name, the newest of each behavior', () => {
    const known = createKnownProfiles([])
    const learned = [
      event('A', [1]),
      event('B', [2]),
      event('A', [1]),
      event('A', [3]),
      event('C', [4], 'other'),
    ]
    expect(learned.map((each) => known.learn(each))).toEqual([true, true, false, true, true])
    expect(known.all()).toMatchObject([
      { securityProfileName: 'demo', behaviors: [{ criteria: { value: { ports: [3] } } }, { name: 'B' }] },
      { securityProfileName: 'other', behaviors: [{ name: 'C' }] },
    ])
  })

  it('stand as given where a file gave them', () => {
    const given = { securityProfileName: 'demo', behaviors: [] }
    const known = createKnownProfiles([given])
    known.learn(event('A', [1]))
    expect([known.all(), known.origins()]).toEqual([[given], []])
  })

  describe('say whether the agent judges by them', () => {
    const version = (ports: number[], at: number) => ({
      violationEventTime: at,
      securityProfileName: 'demo',
      behavior: {
        name: 'A',
        metric: 'aws:listening-tcp-ports',
        criteria: { comparisonOperator: 'not-in-port-set' as const, value: { ports } },
      },
    })
    const judgedBy = (ports: number[]) =>
      new Map([
        [
          behaviorKey('demo', 'A'),
          compileProfile({ securityProfileName: 'demo', behaviors: [version(ports, 0).behavior] }).judged[0]
            ?.fingerprint as string,
        ],
      ])
    const file = { securityProfileName: 'demo', behaviors: [version([23], 0).behavior] }
    const cases = [
      {
        name: 'those of an older violation, gone back to',
        judged: judgedBy([1]),
        is: ['in-force', [1], NOW - 2],
      },
      { name: 'others than were ever seen', judged: judgedBy([4445]), is: ['changed', [2], NOW - 1] },
      { name: 'none now', judged: new Map(), is: ['not-judged', [2], NOW - 1] },
      { name: 'files that do not say', judged: undefined, is: ['unknown', [2], NOW - 1] },
      {
        name: 'those of the file',
        given: [file],
        judged: judgedBy([23]),
        is: ['in-force', [23], undefined],
      },
      {
        name: 'others than the file has, seen once',
        given: [file],
        judged: judgedBy([1]),
        is: ['in-force', [1], NOW - 2],
      },
      {
        name: 'others than the file has, never seen',
        given: [file],
        judged: judgedBy([4]),
        is: ['changed', [23], undefined],
      },
      { name: 'a file, and files that do not say', given: [file], is: ['unknown', [23], undefined] },
    ]
    it.each(cases)('$name', ({ given = [], judged, is: [standing, ports, violationAt] }) => {
      const known = createKnownProfiles(given)
      known.learn(version([1], NOW - 2))
      known.learn(version([2], NOW - 1))
      expect([known.judge(judged), known.judge(judged)]).toEqual([judged !== undefined, false])
      expect(known.all()).toMatchObject([
        { securityProfileName: 'demo', behaviors: [{ criteria: { value: { ports } } }] },
      ])
      expect(known.origins()).toEqual([
        {
          securityProfileName: 'demo',
          behaviorName: 'A',
          standing,
          ...(violationAt !== undefined && { violationAt }),
        },
      ])
    })
  })
})
