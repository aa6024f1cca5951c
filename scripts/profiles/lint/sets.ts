/** Sets that say something twice, or nearly too much. */

import { type Address, compilePrefixes, parsePrefix } from '../../../src/detect/cidr.ts'
import { countElements } from '../../../src/detect/criteria-reader.ts'
import { VALUE_ELEMENTS_MAX } from '../../../src/detect/profile-limits.ts'
import type { BehaviorCriteria } from '../../../src/detect/security-profile.ts'
import { removeElement } from './edit.ts'
import type { Finding, LintContext } from './finding.ts'

/** Room for the next incident's addresses should be left. */
const ELEMENTS_NOTED_FROM = VALUE_ELEMENTS_MAX * 0.9

export function sets(context: LintContext): Finding[] {
  const behaviors = context.profile.behaviors ?? []
  const elements = behaviors.reduce((sum, { criteria }) => sum + countElements(criteria?.value), 0)
  const found = behaviors.flatMap(({ criteria }, index) =>
    criteria === undefined ? [] : saidTwice(context, criteria, `behaviors[${index}].criteria`),
  )
  if (elements < ELEMENTS_NOTED_FROM) return found
  return [
    ...found,
    {
      code: 'long-sets',
      severity: 'warning',
      at: 'behaviors',
      reason: `${elements} value elements of the ${VALUE_ELEMENTS_MAX} that a profile may have, a quota that AWS does not raise`,
      fix: 'join neighbouring prefixes, or divide the behaviors between two profiles',
    },
  ]
}

function saidTwice({ file }: LintContext, { value }: BehaviorCriteria, at: string): Finding[] {
  const [member, content] = Object.entries(value ?? {})[0] ?? []
  if (member === undefined || !Array.isArray(content)) return []
  const list = `${at}.value.${member}`
  const covering = member === 'cidrs' ? coveringPrefixes(content as string[]) : []
  return content.flatMap((element, index): Finding[] => {
    const first = content.indexOf(element)
    const coveredBy = covering[index]
    if (first === index && coveredBy === undefined) return []
    const edits = removeElement(file, list, index)
    return [
      {
        code: first < index ? 'repeated-element' : 'covered-prefix',
        severity: 'warning',
        at: `${list}[${index}]`,
        reason: first < index ? `${element} is in this set already` : `${element} lies within ${coveredBy}`,
        fix: 'leave it out',
        ...(edits.length === 0 ? {} : { edits }),
      },
    ]
  })
}

/** For each prefix another one of the list that holds all of it. */
function coveringPrefixes(cidrs: readonly string[]): (string | undefined)[] {
  const parsed = cidrs.map((cidr) => {
    const prefix = parsePrefix(cidr)
    return prefix && { cidr, ...prefix, set: compilePrefixes([prefix]) }
  })
  const isSameFamily = (a: Address, b: Address) => typeof a === typeof b
  return parsed.map((inner, index) => {
    if (inner === undefined) return undefined
    return parsed.find(
      (outer, position) =>
        outer !== undefined &&
        position !== index &&
        (outer.bits < inner.bits || (outer.bits === inner.bits && position < index)) &&
        isSameFamily(outer.address, inner.address) &&
        outer.set.has(inner.address),
    )?.cidr
  })
}
