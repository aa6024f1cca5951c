/** A real build into another folder, as `publish --dry-run` makes it: the same versions, and the checkout's stay. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildComponent } from '../../../scripts/build/component-build.ts'
import { readBuild } from '../../../scripts/publish/build-output.ts'
import { type Checkout, createCheckout } from '../../build/checkout.ts'

let checkout: Checkout
beforeEach(() => {
  checkout = createCheckout()
})
afterEach(() => checkout.remove())

test('is read as any other, and leaves greengrass-build alone', async () => {
  const { root, path } = checkout
  mkdirSync(path('greengrass-build/recipes'), { recursive: true })
  const kept = path('greengrass-build/recipes/with-node.yaml')
  writeFileSync(kept, 'built before')
  await buildComponent({ root, output: path('aside') })
  const { version } = JSON.parse(checkout.read('package.json')) as { version: string }
  const built = readBuild(path('aside')).map(({ name, version, artifacts }) => [
    name,
    version,
    artifacts.length,
  ])
  expect(new Set(built)).toEqual(
    new Set([
      ['community.greengrass.DeviceDefender', version, 1],
      ['community.greengrass.DeviceDefender.Docker', version, 1],
    ]),
  )
  expect(readFileSync(kept, 'utf8')).toBe('built before')
})
