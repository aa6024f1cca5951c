/** The overview's filters; each change is told at once, so there is no button to press. */
import type { Violation } from '../../../model.ts'
import { countBy } from '../count.ts'
import { h, nextId } from '../dom.ts'
import type { Filter } from '../filter.ts'
import { stateWord } from './words.ts'

export interface FilterForm {
  readonly element: HTMLElement
  readonly set: (filter: Filter) => void
}

/** More names than that, and the list that an input suggests is of no use. */
const SUGGESTIONS_MAX = 500

export function filterForm(
  violations: readonly Violation[],
  initial: Filter,
  onChange: (filter: Filter) => void,
): FilterForm {
  const listId = nextId('things')
  const thing = h('input', {
    type: 'search',
    list: listId,
    placeholder: 'any',
    autocomplete: 'off',
  })
  const profile = selectOf(
    namesOf(violations, (each) => each.securityProfileName),
    'any',
  )
  const behavior = selectOf(
    namesOf(violations, (each) => each.behavior.name),
    'any',
  )
  const state = selectOf(['in-alarm', 'cleared', 'invalidated'], 'any', stateWord as (name: string) => string)
  const from = h('input', { type: 'datetime-local' })
  const to = h('input', { type: 'datetime-local' })
  const fields = { thing, profile, behavior, state }

  function read(): Filter {
    const chosen = Object.entries(fields).flatMap(([key, { value }]) => (value === '' ? [] : [[key, value]]))
    const since = instantOf(from.value)
    const until = instantOf(to.value)
    return {
      ...Object.fromEntries(chosen),
      ...(since === undefined ? {} : { from: since }),
      ...(until === undefined ? {} : { to: until }),
    }
  }
  function set(filter: Filter): void {
    for (const [key, field] of Object.entries(fields)) field.value = filter[key as keyof typeof fields] ?? ''
    from.value = localText(filter.from)
    to.value = localText(filter.to)
  }

  set(initial)
  const changed = () => onChange(read())
  const element = h(
    'form',
    {
      class: 'filters',
      'aria-label': 'Filters',
      input: changed,
      submit: (event: Event) => event.preventDefault(),
    },
    labelled('Thing', thing),
    labelled('Behavior', behavior),
    labelled('Profile', profile),
    labelled('State', state),
    labelled('From (UTC)', from),
    labelled('To (UTC)', to),
    h(
      'button',
      {
        type: 'button',
        class: 'reset',
        click: () => {
          set({})
          onChange({})
        },
      },
      'Show all',
    ),
    h(
      'datalist',
      { id: listId },
      namesOf(violations, (each) => each.thingName)
        .slice(0, SUGGESTIONS_MAX)
        .map((value) => h('option', { value })),
    ),
  )
  return { element, set }
}

const namesOf = (violations: readonly Violation[], nameOf: (violation: Violation) => string): string[] =>
  countBy(violations, nameOf)
    .map(({ name }) => name)
    .sort()

const selectOf = (
  values: readonly string[],
  none: string,
  textOf: (value: string) => string = (value) => value,
) =>
  h(
    'select',
    {},
    h('option', { value: '' }, none),
    values.map((value) => h('option', { value }, textOf(value))),
  )

function labelled(text: string, field: HTMLInputElement | HTMLSelectElement): HTMLElement {
  field.id = nextId('field')
  return h('div', { class: 'field' }, h('label', { for: field.id }, text), field)
}

/** The field has no zone; here it is UTC, as all times of the report. */
function instantOf(value: string): number | undefined {
  const instant = Date.parse(`${value}Z`)
  return Number.isNaN(instant) ? undefined : instant
}

function localText(at: number | undefined): string {
  if (at === undefined || !(Math.abs(at) <= 8.64e15)) return ''
  return new Date(at).toISOString().slice(0, 16)
}
