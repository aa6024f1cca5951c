/**
 * The behaviors that a device's violations tell of, as their authors wrote them. A device's state has no other copy of
 * its profiles; a behavior that never raised an alarm is known by its name and metric only.
 */
import type { Behavior, SecurityProfile } from '../../src/detect/security-profile.ts'

/** Five profiles with a hundred behaviors each apply to a device at most ("AWS IoT Device Defender quotas"). */
const BEHAVIORS_MAX = 500

export interface KnownProfiles {
  /** Whether it told something new. */
  learn(event: unknown): boolean
  all(): readonly SecurityProfile[]
}

/** @param given read from files: they stand, whatever older violations say */
export function createKnownProfiles(given: readonly SecurityProfile[]): KnownProfiles {
  const learned = new Map<
    string,
    { readonly profile: string; readonly behavior: Behavior; readonly text: string }
  >()
  const isGiven = (name: string) => given.some(({ securityProfileName }) => securityProfileName === name)

  return {
    learn(event) {
      const { securityProfileName: profile, behavior } = (event ?? {}) as Record<string, unknown>
      if (typeof profile !== 'string' || isGiven(profile) || !isBehavior(behavior)) return false
      const key = JSON.stringify([profile, behavior.name])
      const text = JSON.stringify(behavior)
      if (learned.get(key)?.text === text) return false
      if (!learned.has(key) && learned.size >= BEHAVIORS_MAX) return false
      learned.set(key, { profile, behavior, text })
      return true
    },
    all() {
      const names = [...new Set([...learned.values()].map(({ profile }) => profile))]
      return [
        ...given,
        ...names.map((securityProfileName) => ({
          securityProfileName,
          behaviors: [...learned.values()]
            .filter(({ profile }) => profile === securityProfileName)
            .map(({ behavior }) => behavior),
        })),
      ]
    },
  }
}

const isBehavior = (value: unknown): value is Behavior =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Record<string, unknown>).name === 'string' &&
  typeof (value as Record<string, unknown>).metric === 'string'
