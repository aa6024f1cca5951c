/** What every view needs: the report, what was computed of all of it once, and how to go elsewhere. */
import type { Violation } from '../../model.ts'
import type { Report } from './data.ts'
import { type Palette, paletteOf } from './palette.ts'
import { hashOf, type Query, violationPath } from './route.ts'

export interface Context {
  readonly report: Report
  readonly palette: Palette
  readonly byThing: ReadonlyMap<string, readonly Violation[]>
  readonly linkTo: (violation: Violation) => string
  /** Keeps the state of a view in the address without leaving the view. */
  readonly setQuery: (path: string, query: Query) => void
}

export function contextOf(report: Report): Context {
  const byThing = new Map<string, Violation[]>()
  const idCounts = new Map<string, number>()
  for (const violation of report.violations) {
    const list = byThing.get(violation.thingName)
    if (list === undefined) byThing.set(violation.thingName, [violation])
    else list.push(violation)
    idCounts.set(violation.id, (idCounts.get(violation.id) ?? 0) + 1)
  }
  return {
    report,
    palette: paletteOf(report.violations),
    byThing,
    linkTo: (violation) => hashOf(violationPath(violation, (idCounts.get(violation.id) ?? 0) > 1)),
    setQuery: (path, query) => history.replaceState(null, '', hashOf(path, query)),
  }
}
