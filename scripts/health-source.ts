/**
 * The agent's state where it leaves it on the device: its socket (`StatusSocket`) or the file status.json. One JSON
 * document, `report/health.ts`; what is something else is refused with what it is.
 */
import { connect } from 'node:net'
import type { Health } from '../src/report/health.ts'
import { nodeFiles } from '../src/store/files.ts'

export interface HealthPlace {
  readonly socket?: string
  readonly file?: string
}

/** @param findFile where to look when no place is given */
export async function readHealth(place: HealthPlace, findFile: () => Promise<string>): Promise<Health> {
  return parseHealth(await readText(place, findFile))
}

/** Some hundred behaviors make 50 kB. */
const STATUS_BYTES_MAX = 4 * 1024 * 1024
const ANSWER_MS_MAX = 5_000

async function readText({ socket, file }: HealthPlace, findFile: () => Promise<string>): Promise<string> {
  if (socket !== undefined) return readSocket(socket)
  const path = file ?? (await findFile())
  return nodeFiles.read(path, STATUS_BYTES_MAX).then(
    (bytes) => bytes.toString('utf8'),
    (error: NodeJS.ErrnoException) => {
      throw new Error(`${path}: cannot be read (${error.code})`)
    },
  )
}

/** The agent answers with one document and closes. */
function readSocket(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let bytes = 0
    const socket = connect(path)
    const fail = (reason: string) => {
      socket.destroy()
      reject(new Error(`${path}: ${reason}`))
    }
    socket.setTimeout(ANSWER_MS_MAX, () => fail(`no answer within ${ANSWER_MS_MAX / 1000} s`))
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      bytes += piece.length
      if (bytes > STATUS_BYTES_MAX) fail(`answers with more than ${STATUS_BYTES_MAX} bytes`)
    })
    socket.on('end', () => resolve(Buffer.concat(pieces).toString('utf8')))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      fail(SOCKET_REASONS[error.code ?? ''] ?? error.message),
    )
  })
}

const SOCKET_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; is StatusSocket set, and does the agent run?',
  ECONNREFUSED: 'nobody answers there: the agent does not run',
  EACCES: "only root and the agent's own user may ask: try with sudo",
}

/** A state that is older is of an agent that does not run as it should: three times it would have been written. */
export const staleAfterSeconds = ({ stateIntervalSeconds: each }: Health): number | undefined =>
  typeof each === 'number' ? Math.max(STALE_SECONDS_MIN, WRITES_MISSED * each) : undefined

const STALE_SECONDS_MIN = 60
const WRITES_MISSED = 3

const VERSION = 1

/** Numbers that are printed; what else is missing is not mentioned. */
const NUMBERS = [
  ['at'],
  ['uptimeSeconds'],
  ['starts'],
  ['residentBytes'],
  ['reports', 'handedOver'],
  ['reports', 'accepted'],
  ['reports', 'rejected'],
  ['outbox', 'entries'],
  ['outbox', 'bytes'],
] as const

function parseHealth(text: string): Health {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(text === '' ? 'the agent has no state yet' : 'not the state of an agent: it is not JSON')
  }
  const version = memberAt(value, ['healthVersion'])
  if (version !== VERSION) {
    const what = typeof version === 'number' ? `has version ${version} of it` : 'has no version of it'
    throw new Error(
      `the state ${what}, this command knows ${VERSION}: use the command of the agent's version`,
    )
  }
  const broken = NUMBERS.find((path) => typeof memberAt(value, path) !== 'number')
  if (broken !== undefined) throw new Error(`not the state of an agent: ${broken.join('.')} is no number`)
  for (const name of ['parts', 'behaviors'] as const) {
    const list = memberAt(value, [name])
    if (!Array.isArray(list) || !list.every((each) => typeof each === 'object' && each !== null)) {
      throw new Error(`not the state of an agent: ${name} is no list`)
    }
  }
  return value as Health
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined,
    value,
  )
}
