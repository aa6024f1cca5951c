/** A stand-in for AWS with a fleet of core devices behind it. */
import type { ViolationEvent } from '../../../src/detect/violation.ts'
import type { Health } from '../../../src/report/health.ts'
import type { Clock } from '../../../src/schedule/clock.ts'
import { greengrassOf } from '../greengrass/greengrass.ts'
import type { Greengrass } from '../greengrass/state.ts'
import { type Aws, type AwsOptions, startAws } from '../server.ts'
import type { FleetClock } from './clock.ts'
import { fleetClock } from './clock.ts'
import type { Configuration } from './configuration.ts'
import { Fleet } from './fleet.ts'
import { healthOf, violationsOf } from './observations.ts'
import type { FleetOptions } from './options.ts'

export interface FleetAwsOptions extends Omit<AwsOptions, 'nowMs'> {
  readonly fleet: FleetOptions
  /** Stands still, unless a test moves it, if left out. */
  readonly clock?: FleetClock
}

export interface FleetAws extends Aws {
  readonly greengrass: Greengrass
  readonly fleet: FleetControl
}

export interface FleetControl {
  nowMs(): number
  /** For who waits: a sleep is over at once, and that much time has passed for the fleet. */
  readonly clock: Clock
  /** Lets time pass. */
  advance(ms: number): void
  /** Lets time pass until every device that can is through with what it was sent; tells how much that was. */
  settle(): number
  /** Epoch milliseconds at which the next thing that is waited for happens; undefined if nothing is under way. */
  nextMs(): number | undefined
  setOnline(thing: string, isOnline: boolean): void
  things(): readonly string[]
  /** What a component's configuration on a device has become. */
  configurationOf(thing: string, component: string): Configuration | undefined
  /** The agent's latest health message. */
  healthOf(thing: string): Health | undefined
  /** What the agent has raised since an instant, epoch milliseconds. */
  violationsOf(thing: string, sinceMs: number): readonly ViolationEvent[]
}

export async function startFleet(options: FleetAwsOptions): Promise<FleetAws> {
  const { fleet: fleetOptions, clock = fleetClock(), ...awsOptions } = options
  const aws = await startAws({ ...awsOptions, nowMs: clock.nowMs })
  const greengrass = greengrassOf(aws.account)
  const fleet = new Fleet(greengrass, fleetOptions)
  greengrass.coreDevices = fleet
  return { ...aws, greengrass, fleet: controlOf(fleet, clock) }
}

function controlOf(fleet: Fleet, clock: FleetClock): FleetControl {
  const deviceOf = (thing: string) => {
    fleet.catchUp()
    const device = fleet.find(thing)
    if (device === undefined) throw new Error(`no device ${thing} in the fleet`)
    return device
  }
  const advance = (ms: number) => {
    clock.skip(ms)
    fleet.catchUp()
  }
  return {
    nowMs: clock.nowMs,
    clock: {
      wallMs: clock.nowMs,
      monotonicMs: clock.nowMs,
      sleep: async (ms, signal) => {
        if (signal?.aborted !== true) advance(ms)
      },
    },
    advance,
    settle: () => {
      fleet.catchUp()
      const beganMs = clock.nowMs()
      while (Number.isFinite(fleet.nextMs())) advance(Math.max(1, Math.ceil(fleet.nextMs() - clock.nowMs())))
      return clock.nowMs() - beganMs
    },
    nextMs: () => (Number.isFinite(fleet.nextMs()) ? fleet.nextMs() : undefined),
    setOnline: (thing, isOnline) => fleet.setOnline(thing, isOnline),
    things: () => [...fleet.all()].map(({ thingName }) => thingName),
    configurationOf: (thing, component) => fleet.configurationOf(thing, component),
    healthOf: (thing) => healthOf(deviceOf(thing), fleet.options.reportIntervalMs, clock.nowMs()),
    violationsOf: (thing, sinceMs) => violationsOf(deviceOf(thing), sinceMs, clock.nowMs()),
  }
}
