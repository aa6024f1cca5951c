/** Plans as people read them. */
import type { TerminalStyle } from '../render/terminal.ts'
import { cut, printable } from '../render/terminal.ts'
import type { Change } from './changes.ts'
import type { FieldChange } from './difference.ts'
import type { Data } from './normal.ts'

const ACTIONS = ['create', 'update', 'delete', 'attach', 'detach'] as const
const signs = { create: '+', attach: '+', update: '~', delete: '-', detach: '-' } as const

/** A value of more characters is cut: the JSON form has it whole. */
const VALUE_CHARACTERS_MAX = 120
/** Of longer lists what came and went is shown. */
const LIST_SHOWN_WHOLE_MAX = 8

/** The change's own line, and one for each field. */
export function changeLines(change: Change, style: TerminalStyle): string[] {
  const { colors } = style
  const sign = signs[change.action]
  const paint = sign === '+' ? colors.green : sign === '-' ? colors.red : colors.yellow
  const head = `  ${paint(`${sign} ${change.action.padEnd(6)}`)}  ${printable(subjectOf(change))}`
  const fields = 'fields' in change ? change.fields : []
  return [head, ...fields.map((field) => `        ${printable(fieldText(field))}`)]
}

/** `security profile gateways`, `gateways from all/things`. */
export function subjectOf(change: Change): string {
  switch (change.of) {
    case 'custom-metric':
      return `custom metric ${change.name}${change.action === 'create' ? ` (${change.definition.type})` : ''}`
    case 'dimension':
      return `dimension ${change.name}${change.action === 'create' ? ` (${change.definition.stringValues.join(', ')})` : ''}`
    case 'mitigation-action':
      return `mitigation action ${change.name}`
    case 'security-profile': {
      if (change.action !== 'create') return `security profile ${change.name}`
      const count = change.profile.behaviors?.length ?? 0
      return `security profile ${change.name} (${count} behavior${count === 1 ? '' : 's'})`
    }
    case 'target':
      return `${change.name} ${change.action === 'attach' ? 'to' : 'from'} ${change.target}`
    case 'tag':
      return `tags of ${change.name}`
  }
}

/** `2 changes: 1 create, 1 attach`. */
export function countsText(changes: readonly Change[]): string {
  const counts = ACTIONS.map((action) => [action, changes.filter((each) => each.action === action).length])
  const parts = counts.filter(([, count]) => count !== 0).map(([action, count]) => `${count} ${action}`)
  return `${changes.length} change${changes.length === 1 ? '' : 's'}: ${parts.join(', ')}`
}

/** `behaviors.open-ports.criteria.value.ports: [22,8883] -> [8883]`. */
export function fieldText({ path, before, after }: FieldChange): string {
  if (Array.isArray(before) && Array.isArray(after)) {
    if (Math.max(before.length, after.length) > LIST_SHOWN_WHOLE_MAX) {
      return `${path}: ${listText(before, after)}`
    }
  }
  return `${path}: ${valueText(before)} -> ${valueText(after)}`
}

function listText(before: readonly Data[], after: readonly Data[]): string {
  const texts = (values: readonly Data[]) => values.map((each) => JSON.stringify(each))
  const [old, next] = [texts(before), texts(after)]
  const gone = old.filter((each) => !next.includes(each)).map((each) => `-${each}`)
  const added = next.filter((each) => !old.includes(each)).map((each) => `+${each}`)
  return cut(`${[...gone, ...added].join(' ')} (${before.length} -> ${after.length})`, VALUE_CHARACTERS_MAX)
}

const valueText = (value: Data | undefined) =>
  value === undefined ? '(none)' : cut(JSON.stringify(value), VALUE_CHARACTERS_MAX)
