/**
 * What is generated from the table of parameters: the JSON Schema for editors, and the table in the READMEs.
 */
import * as z from 'zod'
import { dockerSettings } from '../../src/config/docker-settings.ts'
import { type Setting, settings } from '../../src/config/settings.ts'

type Table = Readonly<Record<string, Setting>>

/** Draft 2020-12, of what an operator may write as the component's configuration (a deployment's `merge`). */
export function configurationSchema(): string {
  const properties = Object.entries<Setting>({ ...settings, ...dockerSettings }).map(([name, setting]) => [
    name,
    {
      description: describe(setting),
      ...z.toJSONSchema(setting.schema, { io: 'input', override: closeObjects }),
      default: setting.default,
      examples: [setting.example],
    },
  ])
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of community.greengrass.DeviceDefender',
    type: 'object',
    properties: { ...Object.fromEntries(properties), accessControl: { type: 'object' } },
    additionalProperties: false,
  }
  return `${onOneLine(JSON.stringify(schema, withoutInnerDialect, 2))}\n`
}

/** Lists of plain values, and lists of such lists, as the formatter of this repository has them. */
const onOneLine = (json: string) => [PLAIN_LIST, LIST_OF_LISTS].reduce(joinLines, json)

const joinLines = (json: string, pattern: RegExp) =>
  json.replaceAll(pattern, (list) => list.replaceAll(/\n\s+/g, ' ').replace('[ ', '[').replace(/ \]$/, ']'))

const PLAIN_LIST = /\[(\n\s+("([^"\\]|\\.)*"|[\w.+-]+),?)+\n\s+\]/g
const LIST_OF_LISTS = /\[(\n\s+\[[^[\]\n]*\],?)+\n\s+\]/g

/** Objects are declared open, and their unknown fields refused by a check, so that each is named; see `fields`. */
function closeObjects({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.type === 'object' && jsonSchema.properties !== undefined)
    jsonSchema.additionalProperties = false
}

/** Each parameter's schema names the dialect; once, at the top, is enough. */
function withoutInnerDialect(this: object, key: string, value: unknown): unknown {
  return key === '$schema' && !('title' in this) ? undefined : value
}

const describe = ({ meaning, unit, takes }: Setting) =>
  `${meaning} (${unit === undefined ? takes : `${takes}, ${unit}`})`

/** The table of the READMEs, in GitHub's markdown. */
export function parameterTable(): string {
  return [
    ...rows('Parameter', settings),
    '',
    'The Docker variant has these too:',
    '',
    ...rows('Parameter', dockerSettings),
  ].join('\n')
}

function rows(heading: string, table: Table): string[] {
  return [
    `| ${heading} | Takes | Default | Meaning | Example |`,
    '|---|---|---|---|---|',
    ...Object.entries(table).map(([name, setting]) => {
      const takes = setting.unit === undefined ? setting.takes : `${setting.takes}, ${setting.unit}`
      const cells = [
        `\`${name}\``,
        escapeCell(takes),
        code(setting.default),
        escapeCell(setting.meaning),
        code(setting.example),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  ]
}

/** A bar would end the cell, even within backquotes; angle brackets and asterisks would be markup. */
const escapeCell = (text: string) => text.replaceAll(/[|<*]/g, (character) => `\\${character}`)

function code(value: unknown): string {
  if (value === '') return 'empty'
  return `\`${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('|', '\\|')}\``
}
