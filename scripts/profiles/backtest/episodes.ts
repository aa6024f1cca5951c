/** Alarms as episodes, from raised to cleared, and what two versions of a profile make of the same days. */

export interface Episode {
  readonly from: number
  /** Absent while it lasts: the records ended first. */
  readonly to?: number
  /** What raised it, for people. */
  readonly value?: string
}

export type Difference =
  | { readonly kind: 'appears'; readonly now: Episode } // only the new version raises it
  | { readonly kind: 'vanishes'; readonly before: Episode } // only the former one does
  | { readonly kind: 'moves'; readonly before: Episode; readonly now: Episode } // both, from or until another time

export interface Compared {
  readonly differences: readonly Difference[]
  readonly same: number
}

/** Both in the order of time and without overlap among themselves, as alarms of one behavior on one device are. */
export function compareEpisodes(before: readonly Episode[], now: readonly Episode[]): Compared {
  const differences: Difference[] = []
  let same = 0
  let next = 0
  const matched = new Set<Episode>()
  for (const episode of now) {
    while (next < before.length && endOf(before[next] as Episode) <= episode.from) next++
    const former = before[next]
    if (former === undefined || matched.has(former) || former.from >= endOf(episode)) {
      differences.push({ kind: 'appears', now: episode })
      continue
    }
    matched.add(former)
    if (former.from === episode.from && former.to === episode.to) same++
    else differences.push({ kind: 'moves', before: former, now: episode })
  }
  for (const episode of before) {
    if (!matched.has(episode)) differences.push({ kind: 'vanishes', before: episode })
  }
  return { differences: differences.sort((a, b) => startOf(a) - startOf(b)), same }
}

export const startOf = (difference: Difference): number =>
  difference.kind === 'vanishes' ? difference.before.from : difference.now.from

const endOf = ({ to }: Episode) => to ?? Number.POSITIVE_INFINITY
