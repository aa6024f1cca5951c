/**
 * What the page takes from the agent's state.json. It has no criteria, but of each behavior that is judged the fingerprint of
 * its criteria: enough to tell whether criteria that are known from elsewhere are those in force.
 */
import { join } from 'node:path'
import { STATE_VERSION } from '../../src/detect/state.ts'
import { isRecord, listOf, member, numberOf, stringOf } from '../../src/local-core/page/members.ts'
import { readState } from '../../src/store/state-file.ts'

export interface AgentFacts {
  /** Fingerprints by `behaviorKey`; absent where the file does not have them in a form that we know. */
  readonly judged?: ReadonlyMap<string, string>
  /** Of the agent's process in the last hour, epoch milliseconds. */
  readonly starts: readonly number[]
}

export const stateFileIn = (directory: string): string => join(directory, 'state.json')

export const behaviorKey = (securityProfileName: string, behaviorName: string): string =>
  JSON.stringify([securityProfileName, behaviorName])

/** That of `monitor/agent-state.ts`. A file with a higher one is not guessed at. */
const FILE_VERSION = 1

/** Nothing where there is no such file, or none that can be used: the agent itself says why. */
export async function readAgentFacts(directory: string): Promise<AgentFacts> {
  const read = await readState(
    stateFileIn(directory),
    { version: FILE_VERSION, parse: factsIn },
    { readOnly: true },
  )
  return read.kind === 'found' ? read.state : { starts: [] }
}

function factsIn(state: unknown): AgentFacts {
  const starts = listOf(member(state, 'recentStarts')).flatMap((each) => numberOf(each) ?? [])
  const detect = member(state, 'detect')
  if (!isRecord(detect) || detect.version !== STATE_VERSION) return { starts }
  const judged = listOf(detect.behaviors).flatMap((each): [string, string][] => {
    const [profile, behavior, fingerprint] = ['profileName', 'behaviorName', 'fingerprint'].map((name) =>
      stringOf(member(each, name)),
    )
    if (profile === undefined || behavior === undefined || fingerprint === undefined) return []
    return [[behaviorKey(profile, behavior), fingerprint]]
  })
  return { starts, judged: new Map(judged) }
}
