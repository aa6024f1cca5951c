import { describe, expect, test } from 'vitest'
import { dockerSettings } from '../../src/config/docker-settings.ts'
import { formatFaults, parseConfig } from '../../src/config/parse.ts'
import { type Setting, settings } from '../../src/config/settings.ts'

const table = Object.entries<Setting>({ ...settings, ...dockerSettings })

describe.each(table)('%s', (name, setting) => {
  test('is told to people', () => {
    expect(name).toMatch(/^[A-Z][A-Za-z]+$/)
    for (const words of [setting.meaning, setting.takes]) expect(words).toMatch(/^\S(.*\S)?$/)
    expect(setting.meaning).not.toMatch(/\.$/)
  })

  test.each([
    ['default', setting.default],
    ['example', setting.example],
  ])('takes its own %s', (_, value) => {
    // The two paths of the Docker variant must be equal, whichever is looked at.
    const others = name === 'ContainerProcPath' ? { ProcPath: value } : {}
    const result = parseConfig({ [name]: value, ...others })
    expect(result.ok ? '' : formatFaults(result.faults)).toBe('')
  })

  test('takes its default as nucleus lite spells it', () => {
    const spelled = ['number', 'boolean'].includes(typeof setting.default)
      ? String(setting.default)
      : setting.default
    expect(setting.schema.safeParse(spelled)).toEqual(setting.schema.safeParse(setting.default))
  })
})
