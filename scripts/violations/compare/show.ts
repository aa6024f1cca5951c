/** The comparison for people and for programs. */
import { formatInstant, plural } from '../../render/numbers.ts'
import { loadTable } from '../../render/table.ts'
import { cut, printable, type TerminalStyle } from '../../render/terminal.ts'
import { isoTime } from '../export/json.ts'
import type { BehaviorComparison, Comparison, Lone } from './run.ts'

const NAME_WIDTH = 40
const LINES_PER_REASON = 3
const THINGS_NAMED = 5

export async function comparisonText(comparison: Comparison, style: TerminalStyle): Promise<string> {
  const { since, until, things, leftOut, behaviors } = comparison
  const { colors } = style
  const drawTable = await loadTable(style)
  const head = `${plural(things.length, 'thing')} in both, ${formatInstant(since).slice(0, 16)} to ${formatInstant(until).slice(0, 16)} UTC`
  const table =
    behaviors.length === 0
      ? 'No alarms on either side.'
      : drawTable(
          [
            { heading: 'Profile / behavior', max: NAME_WIDTH },
            { heading: 'Agree', max: 8, align: 'right' },
            { heading: 'Ours only', max: 9, align: 'right' },
            { heading: 'AWS only', max: 8, align: 'right' },
          ],
          behaviors.map((each) => [
            `${each.securityProfileName} / ${each.behavior}`,
            String(each.agreed.length),
            String(each.oursOnly.length),
            String(each.theirsOnly.length),
          ]),
        )
  const lines = [
    head,
    ...leftOutLines(leftOut, style),
    '',
    table,
    ...behaviors.flatMap((each) => [
      ...reasonLines(each, 'Ours only', each.oursOnly, style),
      ...reasonLines(each, 'AWS only', each.theirsOnly, style),
    ]),
    '',
    verdict(behaviors, colors),
  ]
  return `${lines.join('\n')}\n`
}

function leftOutLines(leftOut: Comparison['leftOut'], { colors, width }: TerminalStyle): string[] {
  return (['ours', 'AWS'] as const).flatMap((side) => {
    const names = leftOut.filter(({ knownTo }) => knownTo === side).map(({ thingName }) => thingName)
    if (names.length === 0) return []
    const more = names.length > THINGS_NAMED ? ` and ${names.length - THINGS_NAMED} more` : ''
    const text = `Left out, with alarms only ${side === 'ours' ? 'on the device' : 'at AWS'}: ${names.slice(0, THINGS_NAMED).join(', ')}${more}`
    return [colors.dim(cut(printable(text), width))]
  })
}

/** Alike in reason are told together. */
function reasonLines(
  { securityProfileName, behavior }: BehaviorComparison,
  side: string,
  lone: readonly Lone[],
  { colors, width }: TerminalStyle,
): string[] {
  if (lone.length === 0) return []
  const groups = new Map<string, Lone[]>()
  for (const each of lone) {
    const reason = each.reason ?? 'not explained: worth a look'
    groups.set(reason, [...(groups.get(reason) ?? []), each])
  }
  return [
    '',
    colors.bold(`${side}: ${printable(securityProfileName)} / ${printable(behavior)}`),
    ...[...groups].flatMap(([reason, members]) => [
      cut(`  ${members.length} × ${reason}`, width),
      ...members
        .slice(0, LINES_PER_REASON)
        .map(({ violation }) =>
          cut(
            colors.dim(
              `      ${formatInstant(violation.startedAt)}  ${printable(violation.thingName)}  ${violation.id.slice(0, 8)}`,
            ),
            width,
          ),
        ),
      ...(members.length > LINES_PER_REASON ? [`      and ${members.length - LINES_PER_REASON} more`] : []),
    ]),
  ]
}

function verdict(behaviors: readonly BehaviorComparison[], colors: TerminalStyle['colors']): string {
  const sum = (of: (each: BehaviorComparison) => number) =>
    behaviors.reduce((total, each) => total + of(each), 0)
  const agreed = sum((each) => each.agreed.length)
  const lone = sum((each) => each.oursOnly.length + each.theirsOnly.length)
  const unexplained = sum(
    (each) => [...each.oursOnly, ...each.theirsOnly].filter(({ reason }) => reason === undefined).length,
  )
  if (lone === 0) return colors.green(`Both agree: ${plural(agreed, 'alarm')}.`)
  return `${plural(agreed, 'alarm')} agree, ${lone} only on one side, ${unexplained} of them not explained.`
}

export function comparisonJson({ since, until, behaviors, ...rest }: Comparison): object {
  const loneJson = ({ violation, reason }: Lone) => ({
    id: violation.id,
    thingName: violation.thingName,
    startedAt: isoTime(violation.startedAt),
    ...(violation.endedAt === undefined ? {} : { endedAt: isoTime(violation.endedAt) }),
    ...(reason === undefined ? {} : { reason }),
  })
  return {
    since: isoTime(since),
    until: isoTime(until),
    ...rest,
    behaviors: behaviors.map(({ agreed, oursOnly, theirsOnly, ...names }) => ({
      ...names,
      counts: { agree: agreed.length, oursOnly: oursOnly.length, awsOnly: theirsOnly.length },
      agreed: agreed.map(({ ours, theirs }) => ({
        ours: loneJson({ violation: ours }),
        aws: loneJson({ violation: theirs }),
        secondsApart: (theirs.startedAt - ours.startedAt) / 1000,
      })),
      oursOnly: oursOnly.map(loneJson),
      awsOnly: theirsOnly.map(loneJson),
    })),
  }
}
