/**
 * The parameters `SecurityProfiles` and `BaselineProfiles`: what is judged on the device. A profile has the shape of
 * AWS's CreateSecurityProfile request (iot API reference) and is checked by `detect/security-profile.ts`; here its faults
 * get the path of the parameter, and the profiles of both parameters are looked at as the set that they are.
 */
import * as z from 'zod/mini'
import { profileWarnings } from '../detect/lint.ts'
import { PROFILES_PER_TARGET_MAX } from '../detect/profile-limits.ts'
import type { ProfileFault } from '../detect/reader.ts'
import { checkProfileSet, parseSecurityProfile, type SecurityProfile } from '../detect/security-profile.ts'
import type { CustomMetricType } from '../metrics/snapshot.ts'
import { baselinePack } from './baseline-pack.ts'
import { type ConfigFault, pathText } from './fault.ts'
import { cutText, oneOfText, show, unknownProblem } from './problem.ts'
import { isMap, list, text, type Value } from './values.ts'

type ProfileMap = Readonly<Record<string, unknown>>

/** Only the map itself: the profiles in it are read together with the other parameters, by `readProfiles`. */
export const securityProfiles: Value<ProfileMap, ProfileMap> = {
  schema: z.record(z.string(), z.unknown(), {
    error: () => 'is not a map from the names of security profiles to the profiles',
  }),
  takes: `a map of at most ${PROFILES_PER_TARGET_MAX}, each as \`aws iot create-security-profile --cli-input-json\` takes it; securityProfileName may be left out`,
}

const baselineNames = Object.keys(baselinePack)

export const baselineProfiles = list(
  text(oneOfText(baselineNames), (given) =>
    Object.hasOwn(baselinePack, given) ? undefined : unknownProblem(given, baselineNames, 'baseline profile'),
  ),
  { max: PROFILES_PER_TARGET_MAX },
)

interface ProfilesRead {
  readonly profiles: readonly SecurityProfile[]
  readonly faults: readonly ConfigFault[]
  /** What a profile says and probably does not mean. */
  readonly notes: readonly string[]
}

/** @param customMetricTypes of the custom metrics of the same configuration, which criteria must fit */
export function readProfiles(
  given: ProfileMap,
  baseline: readonly string[],
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
): ProfilesRead {
  const own = Object.entries(given).map(([name, input]) => readProfile(name, input, customMetricTypes))
  const packed = baseline.map((name) => readProfile(undefined, baselinePack[name], customMetricTypes))
  const all = [...own, ...packed]
  const profiles = all.flatMap(({ profile }) => profile ?? [])
  const faults = all.flatMap((each) => each.faults)
  // Only a whole set can be judged as one: with one profile missing, the places of the others would be wrong.
  const setFaults = profiles.length === all.length ? checkSet(profiles, own.length) : []
  return {
    profiles,
    faults: [...faults, ...setFaults],
    notes: own.flatMap(({ profile }) => (profile === undefined ? [] : notesOn(profile))),
  }
}

interface ProfileRead {
  readonly profile?: SecurityProfile
  readonly faults: readonly ConfigFault[]
}

/** A profile of the map, or one of the pack, which has its name in itself. */
function readProfile(
  name: string | undefined,
  input: unknown,
  customMetricTypes: ReadonlyMap<string, CustomMetricType>,
): ProfileRead {
  const base = name === undefined ? 'BaselineProfiles' : pathText(['SecurityProfiles', name])
  const isNamed = isMap(input) && input.securityProfileName !== undefined
  if (name !== undefined && isNamed && input.securityProfileName !== name) {
    const problem = `is not ${show(name)}, the name that the profile has in the map; it may be left out`
    const path = `${base}.securityProfileName`
    return { faults: [{ path, given: show(input.securityProfileName), problem }] }
  }
  const whole = name !== undefined && isMap(input) ? { securityProfileName: name, ...input } : input
  const parsed = parse(whole, customMetricTypes)
  if (parsed.ok) return { profile: parsed.profile, faults: [] }
  return { faults: parsed.faults.map((fault) => configFault(base, fault, isNamed)) }
}

function parse(input: unknown, customMetricTypes: ReadonlyMap<string, CustomMetricType>) {
  try {
    // Nucleus lite delivers the numbers of a recipe as text.
    return parseSecurityProfile(input, { lenientNumbers: true, customMetricTypes })
  } catch (error) {
    // The engine's stack ends before a value does that is nested without end.
    if (!(error instanceof RangeError)) throw error
    return { ok: false, faults: [{ path: '', problem: 'is nested too deep' }] } as const
  }
}

/** A path in a profile may hold whatever key was found there. */
const READABLE_PATH = /^[\w.:[\]-]{1,200}$/

function configFault(base: string, { path, given, problem }: ProfileFault, isNamed: boolean): ConfigFault {
  // The name is the key in the map, unless the profile has one.
  if (path === 'securityProfileName' && !isNamed) return { path: base, problem }
  const within = path === '' ? '' : READABLE_PATH.test(path) ? `.${path}` : `[${show(path)}]`
  // Of some faults the subject is the metric, which must not look like a second value.
  const words = given !== undefined && problem.startsWith('"') ? `does not fit: ${problem}` : problem
  return {
    path: `${base}${within}`,
    problem: words,
    ...(given === undefined ? {} : { given: cutText(given) }),
  }
}

/** The set is one list to AWS; here it comes from two parameters. */
function checkSet(profiles: readonly SecurityProfile[], ownCount: number): ConfigFault[] {
  return checkProfileSet(profiles).map(({ path, given, problem }) => {
    const index = Number(/^\[(\d+)\]/.exec(path)?.[1] ?? Number.NaN)
    if (Number.isNaN(index)) return { path: 'SecurityProfiles', problem: `with BaselineProfiles: ${problem}` }
    // Keys of a map cannot repeat: what is there twice came from the pack.
    return {
      path: pathText(['BaselineProfiles', index - ownCount]),
      problem: `would be judged twice: there is a profile ${given} already`,
    }
  })
}

function notesOn(profile: SecurityProfile): string[] {
  return profileWarnings(profile).map(
    ({ path, reason, fix }) =>
      `${pathText(['SecurityProfiles', profile.securityProfileName])}.${path}: ${reason}; ${fix}`,
  )
}
