/** The browser's modules, as far as they need no document: what an event changes, where a chart's points go. */
import { describe, expect, it } from 'vitest'
import { createViewer } from '../../../src/local-core/page/viewed-event.ts'
import { listeningEvent, rejectedEvent, reportEvent, T0 } from './events.ts'

const load = (file: string) =>
  import(new URL(`../../../src/local-core/page/static/${file}`, import.meta.url).href)
const { apply, newModel } = await load('model.js')
const { layout } = await load('chart.js')
const { formatBytes, formatPorts } = await load('format.js')

describe('model', () => {
  it('keeps the newest reports first, and no more than it shows', () => {
    const model = newModel()
    const view = createViewer()
    for (let i = 0; i < 100; i++) apply(model, view(reportEvent({ at: T0 + i })))
    expect(model.reports).toHaveLength(60)
    expect(model.reports[0].at).toBe(T0 + 99)
    expect(model.replies).toEqual({ ACCEPTED: 100, REJECTED: 0, SILENT: 0 })
  })

  it('keeps warnings and what was denied, not what is quiet', () => {
    const model = newModel()
    const view = createViewer()
    for (const level of ['debug', 'info', 'warn', 'error']) {
      const line = JSON.stringify({ level, message: level })
      apply(model, view({ event: 'log', at: T0, stream: 'stdout', line }))
    }
    apply(model, view({ event: 'denied', at: T0, operation: 'PublishToIoTCore', resource: 'a/b' }))
    apply(model, view({ event: 'component', at: T0, state: 'BROKEN', reason: 'three strikes' }))
    expect(model.log.map(({ message }: { message: string }) => message)).toEqual([
      'Component BROKEN',
      "Not permitted by the recipe's accessControl: PublishToIoTCore",
      'error',
      'warn',
    ])
  })

  it('says aloud what matters, and not every report', () => {
    const model = newModel()
    const view = createViewer()
    const said = [
      listeningEvent(T0, 22),
      listeningEvent(T0 + 1, 22),
      listeningEvent(T0 + 2, 22, 4444),
      listeningEvent(T0 + 3, 22, 4444),
      rejectedEvent({ at: T0 + 4 }),
    ].map((event) => apply(model, view(event)))
    expect(said).toEqual([
      'First report',
      undefined,
      'New: tcp port 4444',
      undefined,
      'A report was rejected',
    ])
  })

  it('ignores events that it does not know', () => {
    const model = newModel()
    apply(model, { event: 'of a later version' })
    expect(model).toEqual(newModel())
  })
})

describe('layout', () => {
  const cases = [
    { name: 'no point', values: [], line: '' },
    { name: 'one point in the middle', values: [5], line: 'M150.0 4.0' },
    { name: 'zeros at the bottom', values: [0, 0], line: 'M4.0 68.0L296.0 68.0' },
    {
      name: 'zero as the base, the greatest on top',
      values: [0, 5, 10],
      line: 'M4.0 68.0L150.0 36.0L296.0 4.0',
    },
    { name: 'equal values on top, not in the middle', values: [7, 7], line: 'M4.0 4.0L296.0 4.0' },
  ]
  it.each(cases)('puts $name', ({ values, line }) => {
    expect(layout(values.map((value, index) => ({ at: T0 + index, value }))).line).toBe(line)
  })
})

describe('format', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [12_345, '12.3 kB'],
    [999_999, '1.0 MB'],
    [213_000, '213 kB'],
    [5e15, '5000 TB'],
  ])('%d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it('says how many ports it does not name', () => {
    expect(formatPorts([1, 2, 3, 4, 5, 6])).toBe('1, 2, 3, 4, +2')
  })
})
