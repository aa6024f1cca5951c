/** The agent as most will run it: the recipe's intervals, the baseline profiles, a hundred sockets of this machine. */
import { baselinePack } from '../../src/config/baseline-pack.ts'

export const usualConfiguration = {
  SampleIntervalSeconds: 300,
  LocalSampleIntervalSeconds: 15,
  BaselineProfiles: Object.keys(baselinePack),
  // The sockets that can be made here are loopback's.
  IncludeLoopback: true,
}

/** Lines of `net/tcp`: fifty connections with both ends here. */
export const USUAL_LINES = 100
