/** What rolling out and rolling back need of the world, their exit statuses, and how they tell what happens. */

import type { AwsOptions } from '../aws/client.ts'
import { type DeploymentsPlane, openDeployments } from '../aws/deployments.ts'
import { type FleetDevices, openFleetDevices } from '../aws/fleet-devices.ts'
import {
  awsOptionsOf,
  type ChangeOptions,
  type OperatorIo,
  operatorIo,
  type WithoutReader,
} from '../aws/operator-io.ts'
import { plural } from '../render/numbers.ts'
import { printable } from '../render/terminal.ts'
import { type FleetObservations, FolderObservations } from './observations.ts'
import { UnreadableMessages } from './patience.ts'

/**
 * 0: all rings have what is wanted, and passed their gates. 1: refused, interrupted, or somebody else was faster. 2: it
 * could not be found out: a file is faulty, or AWS cannot be asked. 3: a gate failed, and what was rolled out is taken
 * back. 4: a gate failed, and not all could be taken back.
 */
export type RolloutStatus = 0 | 1 | 2 | 3 | 4

export interface RolloutIo extends Omit<OperatorIo, 'exit'> {
  readonly exit: (status: RolloutStatus) => void
  readonly openDeployments: (options: AwsOptions) => Promise<DeploymentsPlane>
  readonly openFleetDevices: (options: AwsOptions) => Promise<FleetDevices>
  readonly openObservations: (folder: string) => FleetObservations
}

/**
 * @param name of the command, before what it says on standard error
 * @param withoutReader what happens when nobody reads what it prints any more
 */
export const rolloutIo = (name: string, withoutReader?: WithoutReader): RolloutIo => ({
  ...operatorIo(name, withoutReader),
  exit: (status) => {
    process.exitCode = status
  },
  openDeployments,
  openFleetDevices,
  openObservations: (folder) => new FolderObservations(folder),
})

/** Tells people in lines and programs in JSON documents, one a line, as things happen. */
export interface Teller {
  /** @param text of the same, for people; nothing for what they need not see */
  readonly tell: (event: Readonly<Record<string, unknown>>, text?: string) => void
  /** What an operator should know and nobody has to act on. */
  readonly note: (text: string) => void
  /** Why something was not done. */
  readonly problem: (text: string) => void
}

export function tellerOf(output: 'text' | 'json', io: Pick<RolloutIo, 'write' | 'writeError'>): Teller {
  const isJson = output === 'json'
  return {
    tell: (event, text) => {
      if (isJson) io.write(`${JSON.stringify(event)}\n`)
      else if (text !== undefined) io.write(`${text}\n`)
    },
    note: (text) => io.writeError(`note: ${printable(text)}`),
    problem: (text) => io.writeError(printable(text)),
  }
}

/** Everything that a run works with once the doors are open. */
export interface Session extends Teller {
  readonly plane: DeploymentsPlane
  readonly fleet: FleetDevices
  readonly io: RolloutIo
  readonly signal: AbortSignal
  /** Absent where no source was given. */
  readonly observations?: FleetObservations
}

export interface SessionOptions extends ChangeOptions {
  /** A folder, or `none`. */
  readonly healthFrom: string
}

export async function withSession(
  options: SessionOptions,
  io: RolloutIo,
  work: (session: Session) => Promise<RolloutStatus>,
): Promise<RolloutStatus> {
  const aws = awsOptionsOf(options)
  const plane = await io.openDeployments(aws)
  const fleet = await io.openFleetDevices(aws)
  const { signal, stop } = io.interruption()
  try {
    const observations =
      options.healthFrom === 'none'
        ? undefined
        : readable(io.openObservations(options.healthFrom), options.healthFrom)
    await observations?.refresh()
    const teller = tellerOf(options.output, io)
    const strange = observations?.strangeLines ?? 0
    if (strange > 0)
      teller.note(`${options.healthFrom}: ${plural(strange, 'line')} passed over, no message of the agent's`)
    return await work({
      ...teller,
      plane,
      fleet,
      io,
      signal,
      ...(observations === undefined ? {} : { observations }),
    })
  } finally {
    stop()
    fleet.close()
    plane.close()
  }
}

/** The same, with what the file system refuses as a sentence for the operator. */
const readable = (observations: FleetObservations, folder: string): FleetObservations => ({
  of: (thingName) => observations.of(thingName),
  get strangeLines() {
    return observations.strangeLines
  },
  refresh: async () => {
    try {
      await observations.refresh()
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      throw new UnreadableMessages(`--health-from ${folder}: cannot be read (${code}: ${message})`)
    }
  },
})
