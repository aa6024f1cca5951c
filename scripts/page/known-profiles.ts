/**
 * The behaviors that a device's violations tell of, as their authors wrote them. A device's state has no other copy of
 * its profiles; a behavior that never raised an alarm is known by its name and metric only, unless a file gives it.
 *
 * A violation may be older than a change of its behavior. Which of the criteria that were seen are in force the
 * fingerprints in the agent's state tell; where none of them is, that is said and not guessed.
 */
import { compileProfile } from '../../src/detect/compile.ts'
import type { Behavior, SecurityProfile } from '../../src/detect/security-profile.ts'
import type { CriteriaOrigin } from '../../src/local-core/page/page-event.ts'
import { type AgentFacts, behaviorKey } from './agent-facts.ts'

/** Five profiles with a hundred behaviors each apply to a device at most ("AWS IoT Device Defender quotas"). */
const BEHAVIORS_MAX = 500
/** Of one behavior: an operator who goes back does so to one of the last ones. */
const VERSIONS_MAX = 8

export interface KnownProfiles {
  /** Whether it told something new. */
  learn(event: unknown): boolean
  /** By what the agent judges now; whether that is news. */
  judge(judged: AgentFacts['judged']): boolean
  all(): readonly SecurityProfile[]
  /** Where the criteria of each behavior of `all` are from. */
  origins(): readonly CriteriaOrigin[]
}

interface Version {
  readonly profile: string
  readonly behavior: Behavior
  readonly text: string
  /** Of the violation that told of it; absent of one that a file gave. */
  readonly at?: number
}

interface Chosen {
  readonly version: Version
  readonly standing: CriteriaOrigin['standing']
}

/** @param given read from files: they stand where nothing says that they are not in force */
export function createKnownProfiles(given: readonly SecurityProfile[]): KnownProfiles {
  /** Of each behavior, the newest last. */
  const learned = new Map<string, readonly Version[]>()
  let judged: AgentFacts['judged']

  const fromFiles = new Map(
    given.flatMap(({ securityProfileName: profile, behaviors = [] }) =>
      behaviors.map((behavior): [string, Version] => [
        behaviorKey(profile, behavior.name),
        { profile, behavior, text: JSON.stringify(behavior) },
      ]),
    ),
  )
  const isGiven = (profile: string) => given.some((each) => each.securityProfileName === profile)

  function chosen(): readonly Chosen[] {
    return [...new Set([...fromFiles.keys(), ...learned.keys()])].flatMap((key): readonly Chosen[] => {
      const file = fromFiles.get(key)
      const versions = [...(file === undefined ? [] : [file]), ...(learned.get(key) ?? []).toReversed()]
      const [first] = versions as [Version]
      const wanted = judged?.get(key)
      const inForce = versions.find((version) => wanted !== undefined && fingerprintOf(version) === wanted)
      if (inForce !== undefined) return [{ version: inForce, standing: 'in-force' }]
      // What the file no longer has is gone, unless the agent says otherwise.
      if (file === undefined && isGiven(first.profile)) return []
      const standing = judged === undefined ? 'unknown' : wanted === undefined ? 'not-judged' : 'changed'
      return [{ version: first, standing }]
    })
  }

  return {
    learn(event) {
      const { securityProfileName: profile, behavior, violationEventTime } = membersOf(event)
      if (typeof profile !== 'string' || !isBehavior(behavior)) return false
      const key = behaviorKey(profile, behavior.name)
      const known = learned.get(key)
      const text = JSON.stringify(behavior)
      if (known?.at(-1)?.text === text) return false
      if (known === undefined && learned.size >= BEHAVIORS_MAX) return false
      const at = typeof violationEventTime === 'number' ? { at: violationEventTime } : {}
      const others = (known ?? []).filter((each) => each.text !== text)
      learned.set(key, [...others, { profile, behavior, text, ...at }].slice(-VERSIONS_MAX))
      return true
    },
    judge(now) {
      const isNews = JSON.stringify([...(now ?? [])]) !== JSON.stringify([...(judged ?? [])])
      const isFirst = (now === undefined) !== (judged === undefined)
      judged = now
      return isNews || isFirst
    },
    all() {
      const versions = chosen().map(({ version }) => version)
      const names = [
        ...new Set([
          ...given.map((each) => each.securityProfileName),
          ...versions.map(({ profile }) => profile),
        ]),
      ]
      return names.map((securityProfileName) => ({
        ...given.find((each) => each.securityProfileName === securityProfileName),
        securityProfileName,
        behaviors: versions
          .filter(({ profile }) => profile === securityProfileName)
          .map(({ behavior }) => behavior),
      }))
    },
    origins: () =>
      chosen().map(({ version: { profile, behavior, at }, standing }) => ({
        securityProfileName: profile,
        behaviorName: behavior.name,
        standing,
        ...(at !== undefined && { violationAt: at }),
      })),
  }
}

/** None of what the device would not judge, or what cannot be read. */
function fingerprintOf({ profile, behavior }: Version): string | undefined {
  try {
    return compileProfile({ securityProfileName: profile, behaviors: [behavior] }).judged[0]?.fingerprint
  } catch {
    return undefined
  }
}

const membersOf = (value: unknown) => (value ?? {}) as Readonly<Record<string, unknown>>

const isBehavior = (value: unknown): value is Behavior =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Record<string, unknown>).name === 'string' &&
  typeof (value as Record<string, unknown>).metric === 'string'
