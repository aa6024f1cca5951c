/** The plan of a rollout or a rollback: ring by ring, component by component, and the gates between. */

import type { FieldChange } from '../plan/difference.ts'
import { fieldText } from '../plan/text.ts'
import { formatDuration } from '../render/numbers.ts'
import { printable } from '../render/terminal.ts'
import { percent } from './gates.ts'
import type { Session } from './io.ts'
import type { Gates } from './judge.ts'
import type { RingPlan, RingState } from './plan.ts'
import { ringText } from './rings.ts'

export interface WholePlan {
  readonly verb: 'roll out' | 'roll back'
  readonly region: string
  readonly component: string
  readonly plans: readonly RingPlan[]
  readonly gates: Gates
  readonly fingerprint: string
  readonly notes: readonly string[]
  readonly problems: readonly string[]
}

export function showPlan(plan: WholePlan, session: Session): void {
  const { tell, note, problem } = session
  tell(planJson(plan, session), planText(plan, session).join('\n'))
  for (const { ring, notes } of plan.plans) for (const each of notes) note(`${ring.name}: ${each}`)
  for (const each of plan.notes) note(each)
  for (const each of [...plan.problems, ...plan.plans.flatMap(({ problems }) => problems)]) problem(each)
}

function planText({ verb, region, component, plans, gates }: WholePlan, session: Session): string[] {
  const [first] = plans
  const account = first?.ring.targetArn.split(':')[4] ?? ''
  return [
    `account ${account}, ${region}: ${verb} ${component}`,
    ...plans.flatMap((plan, index) => ringLines(plan, index, session)),
    'gates after each ring:',
    ...gateLines(gates, session).map((line) => `  ${line}`),
  ]
}

const stateTexts: Readonly<Record<RingState['kind'], string>> = {
  'to-write': '',
  written: ' - written already, will be watched',
  'as-wanted': ' - is so already, nothing to write',
  'taken-back': ' - was taken back before',
}

function ringLines(plan: RingPlan, index: number, { io }: Session): string[] {
  const { ring, component, state, content, base, fields } = plan
  const { colors } = io.style
  const sign =
    state.kind === 'as-wanted' ? '=' : base?.content.components[component] === undefined ? '+' : '~'
  const isGone = content.components[component] === undefined
  const others = Object.entries(content.components).filter(([name]) => name !== component)
  return [
    `ring ${index + 1}  ${ringText(ring)}${stateTexts[state.kind]}`,
    `  ${colors.yellow(isGone ? '-' : sign)} ${component}${content.components[component] === undefined ? ' leaves the devices' : ''}`,
    ...fields.map((field) => `        ${printable(fieldLine(field))}`),
    ...others.map(
      ([name, { componentVersion }]) => `  = ${printable(`${name} ${componentVersion}`)}, unchanged`,
    ),
  ]
}

/** What is not configured has the recipe's default. */
const fieldLine = (field: FieldChange): string =>
  field.path.startsWith('configuration.')
    ? fieldText(field).replaceAll('(none)', '(default)')
    : fieldText(field)

function gateLines(gates: Gates, { observations }: Session): string[] {
  const { minSuccess, minHealthy, maxReportAgeMs, violationsFactor, pastMs, bakeMs, maxWaitMs } = gates
  const seconds = (ms: number) => formatDuration(ms / 1000)
  const unseen = 'not observed: no --health-from was given'
  return [
    `deployment  at least ${percent(minSuccess)} of the core devices take it, within ${seconds(maxWaitMs)}`,
    `health      at least ${percent(minHealthy)} of them HEALTHY after ${seconds(bakeMs)} of baking`,
    `component   RUNNING in the new version on at least ${percent(minSuccess)}`,
    `reports     ${observations === undefined ? unseen : `accepted in the last ${seconds(maxReportAgeMs)} on at least ${percent(minSuccess)}`}`,
    `violations  ${observations === undefined ? unseen : `at most ${violationsFactor} times those of the ring's last ${seconds(pastMs)}`}`,
  ]
}

function planJson({ plans, ...plan }: WholePlan, { observations }: Session) {
  return {
    event: 'plan',
    ...plan,
    isObserved: observations !== undefined,
    rings: plans.map(({ ring, state, base, latest, content, component, fields, notes, problems }) => ({
      ring: ring.name,
      targetArn: ring.targetArn,
      state: state.kind,
      devices: ring.devices.length,
      lite: ring.devices.filter(({ nucleus }) => nucleus === 'lite').length,
      otherThings: ring.otherThings,
      base: base?.deploymentId ?? null,
      inForce: latest?.deploymentId ?? null,
      version: content.components[component]?.componentVersion ?? null,
      fields,
      unchanged: Object.keys(content.components).filter((name) => name !== component),
      notes,
      problems,
    })),
  }
}
