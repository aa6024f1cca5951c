/** `defender local` as people start it, from `dist`, for tests of its live page. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 30_000

export interface LocalPage {
  /** With the token. */
  readonly url: string
  /** As Ctrl-C; gives the exit status. */
  stop(): Promise<number | null>
}

export async function startLocalPage(...options: readonly string[]): Promise<LocalPage> {
  const program = `${root}/dist/scripts/defender.js`
  const child = spawn(process.execPath, [program, 'local', '--port', '0', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const exited = once(child, 'exit') as Promise<[number | null]>
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`${reason}; it printed:\n${output}`))
    const timer = setTimeout(() => fail(`no address within ${START_MS} ms`), START_MS)
    const take = (piece: Buffer) => {
      output += piece
      const found = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(output)?.[0]
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    exited.then(([status]) => fail(`it ended with ${status}`), reject)
  }).catch((error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  return {
    url,
    stop: async () => {
      child.kill('SIGINT')
      const [status] = await exited
      return status
    },
  }
}
