/**
 * Violations as one HTML file that needs nothing else: opened from disk, by mail or as a build's artifact, without a server
 * and without a network. Text, style and program are in it; what it tells is data, which nothing in it runs.
 *
 * What keeps it so, whatever a device, a process or a profile is called: the data lie in elements of type
 * `application/json`, where only `<` could end them (HTML, "Restrictions for contents of script elements"), and the
 * Content-Security-Policy lets the one script and the one style run that have these hashes, lets nothing be fetched, and
 * refuses text as markup (Trusted Types).
 */
import { createHash } from 'node:crypto'
import type { ClientFiles } from './client-files.ts'
import { encodeReport, type ReportContent } from './encode.ts'
import { REPORT_ELEMENT, SERIES_ELEMENT } from './wire.ts'

export type ReportInput = ReportContent & { readonly client: ClientFiles }

export function renderViolationReport({ client, ...content }: ReportInput): string {
  const { report, series } = encodeReport(content)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(client)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="greengrass-defender">
<link rel="icon" href="data:,">
<title>${escapeHtml(content.title)}</title>
<style>${client.style}</style>
</head>
<body>
<noscript><p>This report draws itself: allow its script to see it. It asks for nothing from the network.</p></noscript>
<script type="application/json" id="${REPORT_ELEMENT}">${scriptSafeJson(report)}</script>
<script type="application/json" id="${SERIES_ELEMENT}">${scriptSafeJson(series)}</script>
<script>${client.script}</script>
</body>
</html>
`
}

/** `img-src data:` is for the empty icon, without which browsers ask for one. */
const contentSecurityPolicy = ({ script, style }: ClientFiles): string =>
  [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

const hashOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`

const scriptSafeJson = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c')

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const escapeHtml = (text: string) => text.replace(/[&<>]/g, (character) => entities[character] as string)
