/** The report's program and style as they are now in the sources, and a file made with them. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildReportClient } from '../../../scripts/build/report-client.ts'
import { findPackageRoot } from '../../../scripts/package-root.ts'
import type { ReportContent } from '../../../scripts/violations/report/encode.ts'
import { renderViolationReport } from '../../../scripts/violations/report/render.ts'

const root = findPackageRoot(import.meta.url)
export const client = await buildReportClient(root)

export interface ReportFile {
  readonly folder: string
  readonly url: string
  readonly bytes: number
}

export async function writeReport(content: ReportContent): Promise<ReportFile> {
  const folder = await mkdtemp(join(tmpdir(), 'defender-report-'))
  const path = join(folder, 'report.html')
  const html = renderViolationReport({ ...content, client })
  await writeFile(path, html)
  return { folder, url: pathToFileURL(path).href, bytes: Buffer.byteLength(html) }
}
