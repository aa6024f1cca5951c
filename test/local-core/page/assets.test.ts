/** The page's files fit together, ask nothing of the outside, and do not need what the page's CSP forbids. */
import { readdir } from 'node:fs/promises'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadAssets } from '../../../src/local-core/page/assets.ts'

const STATIC = fileURLToPath(new URL('../../../src/local-core/page/static', import.meta.url))
const assets = await loadAssets(STATIC)
const texts = [...assets].map(([path, { body }]) => ({ path, text: body.toString('utf8') }))
const scripts = texts.filter(({ path }) => path.endsWith('.js'))
const page = String(assets.get('/')?.body)

describe('the page', () => {
  it('serves every file of its folder', async () => {
    const files = await readdir(STATIC, { recursive: true })
    const wanted = files.filter((file) => /\.(js|css|html)$/.test(file)).map((file) => `/${file}`)
    expect([...assets.keys()].map((path) => (path === '/' ? '/index.html' : path)).sort()).toEqual(
      wanted.sort(),
    )
  })

  it('refers only to files that are served', () => {
    const references = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map((match) => match[1])
    expect(references).toContain('/app.js')
    expect(references.filter((path) => path !== 'data:,' && !assets.has(String(path)))).toEqual([])
  })

  it.each(scripts)('$path imports only files that are served', ({ path, text }) => {
    const imports = [...text.matchAll(/^import .* from '([^']+)'$/gm)].map((match) => String(match[1]))
    const targets = imports.map((specifier) => posix.join(posix.dirname(path), specifier))
    expect(targets.filter((target) => !assets.has(target))).toEqual([])
  })

  it('has no inline script, style or handler', () => {
    expect(page).not.toMatch(/<style|<script(?![^>]* src=)|\sstyle=|\son\w+=/)
  })

  it.each(texts)('$path has no reference to another host', ({ text }) => {
    const urls = text.match(/(?:https?:)?\/\/[\w.-]+\.\w+[^\s'"]*/g) ?? []
    expect(urls.filter((url) => !url.startsWith('http://www.w3.org/2000/svg'))).toEqual([])
  })

  it.each(scripts)('$path makes no markup and no code from text', ({ text }) => {
    expect(text).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser/,
    )
  })

  it('has a place for each panel that is drawn', () => {
    const drawn = [...String(assets.get('/app.js')?.body).matchAll(/^ {2}\['(\w+)', draw/gm)].map((m) => m[1])
    expect(drawn.length).toBeGreaterThan(5)
    expect(drawn.filter((id) => !page.includes(`id="${id}"`))).toEqual([])
  })
})
