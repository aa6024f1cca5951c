/** Reads Prometheus's text format 0.0.4 and throws for what breaks its rules, as promtool's `check metrics` would. */

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ReadFamily {
  readonly type: string
  readonly help: string
  readonly series: readonly Series[]
}

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/

export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, { type: string; help: string; series: Series[] }>()
  const seen = new Set<string>()
  let open: { name: string; help: string } | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line)
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (help !== null) {
      open = { name: help[1] as string, help: help[2] as string }
      if (!METRIC.test(open.name)) throw new Error(`not a name: ${open.name}`)
      if (families.has(open.name)) throw new Error(`${open.name} is there twice`)
    } else if (type !== null) {
      if (open === undefined || open.name !== type[1]) throw new Error(`TYPE without its HELP: ${line}`)
      if ((type[2] === 'counter') !== open.name.endsWith('_total')) throw new Error(`misnamed: ${line}`)
      families.set(open.name, { type: type[2] as string, help: open.help, series: [] })
    } else {
      const { name, labels, value } = readSample(line)
      if (name !== open?.name) throw new Error(`not in its family: ${line}`)
      const key = `${name}${JSON.stringify(Object.entries(labels).sort())}`
      if (seen.has(key)) throw new Error(`twice: ${line}`)
      seen.add(key)
      families.get(name)?.series.push({ labels, value })
    }
  }
  for (const [name, { series }] of families) if (series.length === 0) throw new Error(`${name} has no series`)
  return families
}

function readSample(line: string) {
  const name = /^[^{ ]+/.exec(line)?.[0] ?? ''
  const labels: Record<string, string> = {}
  let at = name.length
  if (line[at] === '{') {
    at += 1
    while (line[at] !== '}') {
      const [whole = '', label = '', quoted = ''] =
        /^([^=]+)="((?:[^"\\]|\\["\\n])*)",?/.exec(line.slice(at)) ?? []
      if (whole === '' || !LABEL.test(label) || label in labels) throw new Error(`labels: ${line}`)
      labels[label] = quoted.replaceAll(/\\(.)/g, (_, character: string) =>
        character === 'n' ? '\n' : character,
      )
      at += whole.length
    }
    at += 1
  }
  const value = /^ (-?[\d.]+(?:e[+-]?\d+)?)$/.exec(line.slice(at))?.[1]
  if (value === undefined) throw new Error(`no value: ${line}`)
  return { name, labels, value: Number(value) }
}
