/** What the profile commands need of the world, and what their options have in common. */
import type { DetectControlPlane } from '../aws/detect-control-plane.ts'
import type { IotOptions } from '../aws/iot.ts'
import type { TerminalStyle } from '../render/terminal.ts'

export interface AccountOptions {
  readonly profile?: string
  readonly region?: string
  readonly endpointUrl?: string
  readonly output: 'text' | 'json'
}

export interface ProfilesIo {
  readonly style: TerminalStyle
  readonly write: (text: string) => void
  readonly writeError: (line: string) => void
  readonly exit: (status: ExitStatus) => void
  readonly open: (options: IotOptions) => Promise<DetectControlPlane>
  /** Asks yes or no; absent where nobody is there to answer. */
  readonly confirm?: (question: string) => Promise<boolean>
  /** A signal that comes when the operator interrupts; `stop` ends the listening. */
  readonly interruption: () => { readonly signal: AbortSignal; readonly stop: () => void }
}

/**
 * 0: done, or nothing to do. 1: there is drift, a change failed, or was not to be made. 2: it could not be found out:
 * the files are faulty, or AWS cannot be asked.
 */
export type ExitStatus = 0 | 1 | 2

export async function withControlPlane<T>(
  { profile, region, endpointUrl }: AccountOptions,
  io: ProfilesIo,
  work: (plane: DetectControlPlane) => Promise<T>,
): Promise<T> {
  const plane = await io.open({
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
  })
  try {
    return await work(plane)
  } finally {
    plane.close()
  }
}
