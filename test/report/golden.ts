/** The golden reports: written by hand from the format's table, so that a review shows what changes for the cloud. */
import { readFileSync } from 'node:fs'
import type { Spelling } from '../../src/report/field-names.ts'
import type { PlainObject } from '../../src/report/report.ts'
import { golden } from './samples.ts'

export interface GoldenReport {
  readonly name: string
  readonly spelling: Spelling
  readonly report: PlainObject
}

export const goldenReports: readonly GoldenReport[] = Object.keys(golden).flatMap((name) =>
  (['long', 'short'] as const).map((spelling) => ({
    name,
    spelling,
    report: readGolden(`${name}.${spelling}`),
  })),
)

function readGolden(name: string): PlainObject {
  return JSON.parse(readFileSync(new URL(`../fixtures/reports/${name}.json`, import.meta.url), 'utf8'))
}
