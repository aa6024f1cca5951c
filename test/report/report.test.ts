import { describe, expect, it } from 'vitest'
import { buildReport } from '../../src/report/report.ts'
import { ReportError } from '../../src/report/report-error.ts'
import { goldenReports } from './golden.ts'
import { content, golden } from './samples.ts'

describe('buildReport', () => {
  it('refuses a report without any metric', () => {
    expect(() => buildReport(content({ custom: new Map() }), 'long')).toThrow(ReportError)
    expect(() => buildReport(content({ custom: new Map() }), 'long')).toThrow(/nothing was measured/)
  })

  it.each(goldenReports)('gives the golden report: $name, $spelling names', ({ name, spelling, report }) => {
    const metrics = golden[name]
    if (metrics === undefined) throw new Error(`no such sample: ${name}`)
    const built = buildReport(content(metrics), spelling)
    // As text, so that the order of the members counts as well, and a member set to undefined would show.
    expect(JSON.stringify(built, null, 1)).toBe(JSON.stringify(report, null, 1))
  })

  it('leaves out what an interface name would say where there is none', () => {
    const metrics = { listeningTcpPorts: { total: 1, ports: [{ port: 22 }] }, custom: new Map() }
    expect(buildReport(content(metrics), 'short')).toMatchObject({ met: { tp: { pts: [{ pt: 22 }], t: 1 } } })
  })
})
