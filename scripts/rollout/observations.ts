/**
 * What the agents of a fleet say themselves: their health and the violations that they found, as they publish them on
 * `greengrass-defender/{thingName}/health` and `.../violations`. How these messages come to the operator is the operator's
 * choice (a topic rule to S3 or a file, a subscriber): here they are read from a folder.
 */
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface DeviceObservations {
  /** Epoch milliseconds of the first and the last message of either kind, by the device's clock. */
  readonly firstAt: number
  readonly lastAt: number
  readonly health?: HealthSeen
  /** When its alarms were raised. */
  readonly violationsAt: readonly number[]
}

/** Of the last health message. */
export interface HealthSeen {
  readonly at: number
  readonly uptimeSeconds: number
  readonly lastAcceptedAt?: number
}

export interface FleetObservations {
  /** Takes in what has come since the last time. */
  refresh(): Promise<void>
  of(thingName: string): DeviceObservations | undefined
  /** Lines that were no messages of the agent's. */
  readonly strangeLines: number
}

interface Mutable {
  firstAt: number
  lastAt: number
  health?: HealthSeen
  /** By the violation's id: a message may come twice. */
  readonly violations: Map<string, number>
}

/** Deeper than a folder for each thing and one for each day is somewhere else. */
const DEPTH_MAX = 4
/** Messages are at most 128 kB; a file of many is read in pieces of this size. */
const PIECE_BYTES = 1024 * 1024

/**
 * Observations from a folder's files `*.json`, `*.jsonl` and `*.ndjson`, one message a line; a `.json` file may hold one
 * message over several lines. A line that is no message of the agent's is passed over and counted.
 */
export class FolderObservations implements FleetObservations {
  readonly #folder: string
  readonly #devices = new Map<string, Mutable>()
  /** Bytes of each file that were read, up to the last whole line. */
  readonly #read = new Map<string, number>()
  #strange = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  get strangeLines(): number {
    return this.#strange
  }

  async refresh(): Promise<void> {
    for (const path of await filesIn(this.#folder, 0)) await this.#readOn(path)
  }

  of(thingName: string): DeviceObservations | undefined {
    const device = this.#devices.get(thingName)
    if (device === undefined) return undefined
    const { firstAt, lastAt, health, violations } = device
    return {
      firstAt,
      lastAt,
      violationsAt: [...violations.values()],
      ...(health === undefined ? {} : { health }),
    }
  }

  async #readOn(path: string): Promise<void> {
    const size = await unlessGone(stat(path).then((found) => found.size))
    if (size === undefined) return
    let from = this.#read.get(path) ?? 0
    if (size < from) from = 0 // Written anew.
    if (size === from) return
    const file = await unlessGone(open(path))
    if (file === undefined) return
    try {
      if (path.endsWith('.json') && from === 0 && (await this.#readWhole(file, size))) {
        this.#read.set(path, size)
        return
      }
      let rest = Buffer.alloc(0)
      for (let at = from; at < size; ) {
        const { buffer, bytesRead } = await file.read({
          buffer: Buffer.alloc(Math.min(PIECE_BYTES, size - at)),
          position: at,
        })
        if (bytesRead === 0) break
        at += bytesRead
        const text = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
        const end = text.lastIndexOf(0x0a) + 1
        for (const line of text.subarray(0, end).toString().split('\n')) this.#takeLine(line)
        rest = text.subarray(end)
        this.#read.set(path, at - rest.length)
      }
      // Not every writer ends its last line; only a whole message parses.
      const last = parseOrUndefined(rest.toString())
      if (isMap(last)) {
        this.#take(last)
        this.#read.set(path, size)
      }
    } finally {
      await file.close()
    }
  }

  /** Whether the file is one JSON text: a message, or a list of them. */
  async #readWhole(file: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> {
    if (size > PIECE_BYTES) return false
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size), position: 0 })
    const value = parseOrUndefined(buffer.subarray(0, bytesRead).toString())
    if (value === undefined) return false
    for (const each of Array.isArray(value) ? value : [value]) this.#take(each)
    return true
  }

  #takeLine(line: string): void {
    if (line.trim() !== '') this.#take(parseOrUndefined(line))
  }

  #take(message: unknown): void {
    if (!isMap(message) || typeof message.thingName !== 'string') {
      this.#strange += 1
      return
    }
    const { thingName } = message
    if (message.healthVersion === 1 && typeof message.at === 'number') {
      this.#takeHealth(this.#device(thingName, message.at), message, message.at)
    } else if (typeof message.violationEventTime === 'number') {
      const device = this.#device(thingName, message.violationEventTime)
      if (message.violationEventType !== 'in-alarm') return
      device.violations.set(String(message.violationId), message.violationEventTime)
    } else this.#strange += 1
  }

  #takeHealth(device: Mutable, message: Members, at: number): void {
    if (device.health !== undefined && device.health.at > at) return
    const reports = isMap(message.reports) ? message.reports : {}
    const { lastAcceptedAt } = reports
    device.health = {
      at,
      uptimeSeconds: Number(message.uptimeSeconds) || 0,
      ...(typeof lastAcceptedAt === 'number' ? { lastAcceptedAt } : {}),
    }
  }

  #device(thingName: string, at: number): Mutable {
    const known = this.#devices.get(thingName)
    if (known === undefined) {
      const device: Mutable = { firstAt: at, lastAt: at, violations: new Map() }
      this.#devices.set(thingName, device)
      return device
    }
    known.firstAt = Math.min(known.firstAt, at)
    known.lastAt = Math.max(known.lastAt, at)
    return known
  }
}

type Members = Readonly<Record<string, unknown>>

const isMap = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whoever brings the messages may clear away old ones at any moment. */
async function unlessGone<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function filesIn(folder: string, depth: number): Promise<string[]> {
  const reading = readdir(folder, { withFileTypes: true })
  // The folder itself was named by the operator: it has to be there.
  const entries = (depth === 0 ? await reading : await unlessGone(reading)) ?? []
  const files = entries
    .filter((entry) => entry.isFile() && /\.(json|jsonl|ndjson)$/.test(entry.name))
    .map(({ name }) => join(folder, name))
  if (depth >= DEPTH_MAX) return files
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  for (const { name } of folders) files.push(...(await filesIn(join(folder, name), depth + 1)))
  return files
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
