/**
 * `npm run bench`: what collecting costs, beside a loop that only reads the same bytes (the floor: the kernel's own price).
 * Prints tables; passes or fails on nothing. Ratios within one run are what counts: machines differ, and are noisy.
 */

import { benchRealSockets } from './real-sockets.ts'
import { benchTrees } from './trees.ts'

benchTrees()
await benchRealSockets()
