import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { renderViolationReport } from '../../../scripts/violations/report/render.ts'
import { client } from './client-of.ts'
import { exampleReport } from './example.ts'

const example = exampleReport({ thingCount: 3, violationCount: 5, datapointCount: 10 })
const html = renderViolationReport({ ...example, client })
const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? ''

/** What lies between the tags, as a browser hashes it. */
const contentsOf = (text: string, tag: string) =>
  [...text.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map(([, content]) => content as string)

test('the policy lets the one script and the one style run, and nothing be fetched', () => {
  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const directives = new Map(policy.split('; ').map((each) => [each.split(' ')[0], each.split(' ').slice(1)]))
  expect(directives.get('default-src')).toEqual(["'none'"])
  expect(directives.get('script-src')).toEqual(contentsOf(html, 'script').map(hashOf))
  expect(directives.get('style-src')).toEqual(contentsOf(html, 'style').map(hashOf))
  expect(contentsOf(html, 'script')).toHaveLength(1)
  expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style>'))
})

test('the program refers to nothing outside, and ends no element that it stands in', () => {
  expect(client.script).not.toMatch(/<\/script|<!--/i)
  expect(client.script).not.toMatch(
    /\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\b/,
  )
  expect(client.script).not.toMatch(/\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b/)
  expect(client.style).not.toMatch(/@import|url\(/)
  // Names of namespaces are no addresses.
  const addresses = `${client.script}${client.style}`.match(/https?:\/\/[\w./-]+/g) ?? []
  expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']))
})

test.each(['</script><b>', '<!--<script>', '</SCRIPT >', ']]>'])(
  'the data cannot end their element: %s',
  (text) => {
    const [violation] = example.violations
    const hostile = renderViolationReport({
      ...example,
      title: text,
      violations: violation === undefined ? [] : [{ ...violation, thingName: text }],
      series: new Map([[text, new Map([[text, [{ at: 1, value: { strings: [text] } }]]])]]),
      client,
    })
    const data = [...hostile.matchAll(/<script type="application\/json" id="[\w-]+">([\s\S]*?)<\/script>/g)]
    expect(data).toHaveLength(2)
    for (const [, json = ''] of data) {
      expect(json).not.toContain('<')
      expect(JSON.stringify(JSON.parse(json))).toContain(JSON.stringify(text).slice(1, -1))
    }
    expect(hostile.match(/<title>(.*)<\/title>/)?.[1]).not.toContain('<')
  },
)

test('the same content gives the same bytes', () => {
  const again = exampleReport({ thingCount: 3, violationCount: 5, datapointCount: 10 })
  expect(renderViolationReport({ ...again, client })).toBe(html)
})
