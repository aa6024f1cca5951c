/** How a component version does on a device: always the same for the same seed, version and device. */
import { type CompleteFleetOptions, SLOW_FACTOR, type Span, type VersionBehavior } from './options.ts'
import { type Spread, spreadFor } from './spread.ts'

export type Fate = 'well' | 'no-download' | 'crash' | 'late-crash' | 'silent'

export class Fates {
  readonly #options: CompleteFleetOptions
  readonly #spreads = new Map<string, Spread>()

  constructor(options: CompleteFleetOptions) {
    this.#options = options
  }

  behaviorOf(version: string): VersionBehavior {
    return this.#options.versions[version] ?? {}
  }

  of(version: string, index: number): Fate {
    const {
      noDownloadShare = 0,
      crashShare = 0,
      lateCrashShare = 0,
      silentShare = 0,
    } = this.behaviorOf(version)
    const drawn = this.#draw(`fate ${version}`, index)
    const bounds: [Fate, number][] = [
      ['no-download', noDownloadShare],
      ['crash', crashShare],
      ['late-crash', lateCrashShare],
      ['silent', silentShare],
    ]
    let bound = 0
    for (const [fate, share] of bounds) {
      bound += share
      if (drawn < bound) return fate
    }
    return 'well'
  }

  canGoBack(version: string, index: number): boolean {
    return this.#draw(`way back ${version}`, index) >= (this.behaviorOf(version).noRollbackShare ?? 0)
  }

  latencyMs(deploymentId: string, index: number): number {
    return within(this.#options.latencyMs, this.#draw(`latency ${deploymentId}`, index))
  }

  durationMs(deploymentId: string, version: string | undefined, index: number): number {
    const { slowShare = 0, slowFactor = SLOW_FACTOR } = version === undefined ? {} : this.behaviorOf(version)
    const isSlow = this.#draw(`slow ${version}`, index) < slowShare
    const durationMs = within(this.#options.deployMs, this.#draw(`duration ${deploymentId}`, index))
    return isSlow ? durationMs * slowFactor : durationMs
  }

  #draw(purpose: string, index: number): number {
    const spread = this.#spreads.get(purpose) ?? spreadFor(this.#options.seed, purpose)
    this.#spreads.set(purpose, spread)
    return spread(index)
  }
}

const within = ({ min, max }: Span, share: number) => Math.round(min + (max - min) * share)
