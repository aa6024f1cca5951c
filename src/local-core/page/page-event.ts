/** All that the page is told: the core's events as people look at them, and what the page itself sets off. */
import type { SecurityProfile } from '../../detect/security-profile.ts'
import type { ViewedEvent, ViewedInterval } from './viewed-event.ts'

export type PageEvent = ViewedEvent | ViewedInterval | AttackEvent | OwnersEvent | ProfilesEvent

/** A harmless attack that was started on the page, from its start to its end. */
export interface AttackEvent {
  readonly event: 'attack'
  readonly at: number
  readonly name: string
  readonly state: 'running' | 'ended' | 'failed'
  readonly startedAt: number
  /** When it ends by itself, while it runs. */
  readonly endsAt?: number
  /** What it says of itself, oldest first; of one that failed the reason is the last. */
  readonly says: readonly string[]
}

/** Which processes hold the sockets of the last report, as far as we may see; those that are known. */
export interface OwnersEvent {
  readonly event: 'owners'
  readonly at: number
  readonly listeners: readonly (ProcessOf & { readonly protocol: 'tcp' | 'udp'; readonly port: number })[]
  readonly hosts: readonly (ProcessOf & { readonly address: string })[]
}

interface ProcessOf {
  readonly pid: number
  readonly executable: string
  readonly containerId?: string
}

/** What is judged now, as its authors wrote it. */
export interface ProfilesEvent {
  readonly event: 'profiles'
  readonly at: number
  readonly profiles: readonly SecurityProfile[]
  /** Where they were put together out of a device's files; absent where they are those that the agent was given. */
  readonly origins?: readonly CriteriaOrigin[]
}

/** Where the criteria of one behavior are from, and whether the agent judges by them. */
export interface CriteriaOrigin {
  readonly securityProfileName: string
  readonly behaviorName: string
  /**
   * `in-force`: it does. `changed`: it judges by others. `not-judged`: it does not judge the behavior now. `unknown`: its
   * files do not say.
   */
  readonly standing: 'in-force' | 'changed' | 'not-judged' | 'unknown'
  /** When the violation was found that told of them; absent of those of a file. */
  readonly violationAt?: number
}
