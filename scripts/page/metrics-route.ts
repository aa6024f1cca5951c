/** `/metrics`: the agent's state for Prometheus, out of the file that the agent writes. */
import { jsonAnswer, type Route } from '../../src/local-core/page/route.ts'
import { readHealth } from '../health-source.ts'
import { EXPOSITION_TYPE, exposition } from '../metrics/exposition.ts'

export const metricsRoute = (statusFile: string, now: () => number): [string, Route] => [
  '/metrics',
  {
    method: 'GET',
    answer: async () => {
      try {
        const health = await readHealth({ file: statusFile }, async () => statusFile)
        return { status: 200, contentType: EXPOSITION_TYPE, text: exposition(health, now()) }
      } catch (error) {
        // A scrape that fails is told as `up 0` by whoever asked.
        return jsonAnswer({ error: error instanceof Error ? error.message : String(error) }, 503)
      }
    },
  },
]
