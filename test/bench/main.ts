/**
 * `npm run bench`: what collecting costs, beside a loop that only reads the same bytes (the floor: the kernel's own price).
 * Prints tables; passes or fails on nothing. Ratios within one run are what counts: machines differ, and are noisy.
 */

import { benchDetect, type DetectFigures } from './detect-bench.ts'
import { printTable } from './measure.ts'
import { benchRealSockets } from './real-sockets.ts'
import { benchTrees } from './trees.ts'

benchTrees()
await benchRealSockets()
printDetect(benchDetect())

function printDetect(figures: DetectFigures): void {
  const { samplesPerSecond, intervalsPerSecond, behaviors, valueElements, stateBytes, learnedBytes } = figures
  const rate = ({ median, lowest, highest }: DetectFigures['samplesPerSecond']) => [
    median.toLocaleString('en'),
    `${lowest.toLocaleString('en')}-${highest.toLocaleString('en')}`,
  ]
  printTable(
    `Edge Detect, ${behaviors} behaviors with ${valueElements} value elements, evaluations a second of CPU time`,
    ['', 'median', 'min-max'],
    [
      ['local samples', ...rate(samplesPerSecond)],
      ['whole intervals', ...rate(intervalsPerSecond)],
    ],
  )
  process.stdout.write(`state after 14 days: ${stateBytes} bytes as JSON, ${learnedBytes} of them learned\n`)
}
