/** Versions of components in their order. Source: semver.org 2.0.0, "Precedence". */

/** Below zero if `a` comes before `b`; what is no semantic version comes before all. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)]
  if (left === undefined || right === undefined)
    return Number(left !== undefined) - Number(right !== undefined)
  for (const index of [0, 1, 2] as const) {
    const difference = left.numbers[index] - right.numbers[index]
    if (difference !== 0) return difference
  }
  return comparePreReleases(left.preRelease, right.preRelease)
}

/** The next patch after the highest of `taken`, and not before `wanted`: `0.1.3` where there are 0.1.0 and 0.1.2. */
export function nextFreeVersion(wanted: string, taken: readonly string[]): string {
  const highest = [wanted, ...taken].toSorted(compareVersions).at(-1) ?? wanted
  const { numbers, preRelease } = parse(highest) ?? { numbers: [0, 0, 0] as const, preRelease: '' }
  const [major, minor, patch] = numbers
  // The release itself comes after all that led to it.
  return `${major}.${minor}.${preRelease === '' ? patch + 1 : patch}`
}

interface Version {
  readonly numbers: readonly [number, number, number]
  /** Empty for a release. */
  readonly preRelease: string
}

function parse(text: string): Version | undefined {
  const [, major, minor, patch, preRelease = ''] =
    /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text) ?? []
  return major === undefined
    ? undefined
    : { numbers: [Number(major), Number(minor), Number(patch)], preRelease }
}

function comparePreReleases(a: string, b: string): number {
  if (a === b) return 0
  if (a === '') return 1
  if (b === '') return -1
  const [left, right] = [a.split('.'), b.split('.')]
  for (const [index, one] of left.entries()) {
    const other = right[index]
    if (other === undefined) return 1
    if (one === other) continue
    const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)]
    if (isNumber && isOtherNumber) return Number(one) - Number(other)
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
    return one < other ? -1 : 1
  }
  return left.length - right.length
}
