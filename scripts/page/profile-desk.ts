/**
 * The page's form for one behavior: tries a change on what was recorded, and, where the agent can be told, makes it.
 */
import { dirname } from 'node:path'
import type { Behavior, SecurityProfile } from '../../src/detect/security-profile.ts'
import { BadRequest, jsonAnswer, type Route } from '../../src/local-core/page/route.ts'
import { readAgentFacts } from './agent-facts.ts'
import { readAlone, type TrialResult, tryBehavior } from './trial.ts'

export interface ProfileDeskOptions {
  /** Where the agent keeps its history; it may not be there yet. */
  readonly historyDirectory: string
  /** What is older is not tried. */
  readonly lookBackMs: number
  readonly now: () => number
  readonly profiles: () => readonly SecurityProfile[]
  /** Tells the agent; absent where it cannot be told. */
  readonly apply?: (profile: SecurityProfile) => Promise<'applied' | 'rejected'>
}

/** The name of a profile and a behavior of it, as the form sends them. */
interface Given {
  readonly profileName: string
  readonly behavior: Readonly<Record<string, unknown>>
}

export function profileRoutes(options: ProfileDeskOptions): [string, Route][] {
  const { historyDirectory, lookBackMs, now, profiles, apply } = options
  const trialOf = async (given: Given): Promise<TrialResult> => {
    const { starts } = await readAgentFacts(dirname(historyDirectory))
    const before = behaviorOf(profiles(), given)
    return tryBehavior(historyDirectory, {
      ...given,
      since: now() - lookBackMs,
      starts,
      ...(before !== undefined && { before }),
    })
  }
  const trial: Route = {
    method: 'POST',
    answer: async (body) => jsonAnswer(await trialOf(givenIn(body))),
  }
  if (apply === undefined) return [['/trial', trial]]
  const applying: Route = {
    method: 'POST',
    answer: async (body) => {
      const given = givenIn(body)
      const read = readAlone(given.profileName, given.behavior)
      if (!read.ok) throw new BadRequest(422, 'The behavior has faults: try it first')
      const [behavior] = read.profile.behaviors as [Behavior]
      const profile = profiles().find(({ securityProfileName }) => securityProfileName === given.profileName)
      if (profile === undefined) throw new BadRequest(404, `There is no profile ${given.profileName}`)
      return jsonAnswer({ result: await apply(withBehavior(profile, behavior)) })
    },
  }
  return [
    ['/trial', trial],
    ['/apply', applying],
  ]
}

function givenIn(body: unknown): Given {
  const { profileName, behavior } = (body ?? {}) as Record<string, unknown>
  if (typeof profileName !== 'string' || typeof behavior !== 'object' || behavior === null) {
    throw new BadRequest(400, 'Expected a profileName and a behavior')
  }
  return { profileName, behavior: behavior as Given['behavior'] }
}

const behaviorOf = (
  all: readonly SecurityProfile[],
  { profileName, behavior }: Given,
): Behavior | undefined =>
  all
    .find(({ securityProfileName }) => securityProfileName === profileName)
    ?.behaviors?.find(({ name }) => name === behavior.name)

/** In the place of its namesake, or as the last one. */
function withBehavior(profile: SecurityProfile, behavior: Behavior): SecurityProfile {
  const { behaviors = [] } = profile
  const isThere = behaviors.some(({ name }) => name === behavior.name)
  return {
    ...profile,
    behaviors: isThere
      ? behaviors.map((each) => (each.name === behavior.name ? behavior : each))
      : [...behaviors, behavior],
  }
}
