/** Options that rolling out and rolling back have in common: the targets, the gates, and whose health is looked at. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { OperatorProblem } from '../aws/operator-io.ts'
import { COMPONENT_NAME } from '../component-name.ts'
import { numberOption } from '../render/options.ts'
import type { Gates } from './judge.ts'
import type { RingName } from './rings.ts'

export interface TargetFlags {
  readonly ring?: readonly string[]
  readonly thing?: readonly string[]
}

export interface GateFlags {
  readonly minSuccess: number
  readonly minHealthy: number
  readonly maxReportAge: number
  readonly maxViolations: number
  readonly past: number
  readonly bake: number
  readonly maxWait: number
}

export const componentOption = () =>
  new Option('--component <name>', 'as its recipe names it').default(COMPONENT_NAME)

export function targetOptions(command: Command): Command {
  return command
    .option('--ring <thing group>', 'to deploy to; more of them in their order', collect)
    .option('--thing <name>', 'or a single thing', collect)
}

const SHARE = { min: 0, max: 1 }

/** Three intervals of 300 s, the shortest that AWS takes: two reports may be lost. */
const REPORT_AGE = '15min'
/** Long enough for a first report, its answer, and a crash or two. */
const BAKE = '10min'
/** A device that has not taken it within this time is off, or hangs. */
const MAX_WAIT = '60min'
/** A week has its workdays and its weekend. */
const PAST = '7d'
/** Chance alone doubles small numbers now and then. */
const VIOLATIONS_FACTOR = 3

export function gateOptions(command: Command): Command {
  return command
    .option('--min-success <share>', 'of devices that take it', numberOption(SHARE), 0.95)
    .option('--min-healthy <share>', 'of core devices HEALTHY', numberOption(SHARE), 0.95)
    .addOption(timeOption('--max-report-age <time>', 'of the last accepted report', REPORT_AGE))
    .option(
      '--max-violations <times>',
      "as many as in the ring's past",
      numberOption({ min: 1, max: 1000 }),
      VIOLATIONS_FACTOR,
    )
    .addOption(timeOption('--past <time>', 'that violations are compared with', PAST))
    .addOption(timeOption('--bake <time>', 'after the last device', BAKE))
    .addOption(timeOption('--max-wait <time>', 'for the devices of a ring', MAX_WAIT))
    .option('--health-from <dir>', "with the agents' health and violation messages, or none", 'none')
}

const timeOption = (flags: string, description: string, text: string) =>
  new Option(flags, description).argParser(parseTime).default(parseTime(text), text)

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

function parseTime(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(s|m|min|h|d)$/.exec(text) ?? []
  if (amount !== undefined) return Number(amount) * (UNIT_MS[unit] as number)
  throw new InvalidArgumentError('It takes a time as in 90s, 30min, 2h or 7d.')
}

/** A parser for options that may be repeated. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

export function ringsOf({ ring = [], thing = [] }: TargetFlags): readonly RingName[] {
  if (ring.length > 0 && thing.length > 0) throw new OperatorProblem('give --ring or --thing, not both')
  if (ring.length + thing.length === 0) {
    throw new OperatorProblem('give a target: --ring with the name of a thing group, or --thing')
  }
  const names = ring.length > 0 ? ring : thing
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new OperatorProblem(`${twice} is given twice`)
  return names.map((name) => ({ kind: ring.length > 0 ? 'thing-group' : 'thing', name }))
}

export const gatesOf = (flags: GateFlags): Gates => ({
  minSuccess: flags.minSuccess,
  minHealthy: flags.minHealthy,
  maxReportAgeMs: flags.maxReportAge,
  violationsFactor: flags.maxViolations,
  pastMs: flags.past,
  bakeMs: flags.bake,
  maxWaitMs: flags.maxWait,
})
