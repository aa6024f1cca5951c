/** From an HTTP request to an operation and its input, as the model binds them: path, query string, JSON body. */
import type { Input } from './account.ts'
import { AwsError, invalid } from './error.ts'
import { type OperationName, operations, placeOf, shapeNameOf, shapeOf } from './shapes.ts'

export interface AwsRequest {
  readonly operation: OperationName
  readonly input: Input
}

export function readRequest(method: string, url: URL, body: string): AwsRequest {
  for (const [operation, { method: wanted, path }] of Object.entries(operations)) {
    const labels = wanted === method ? matchPath(path, url.pathname) : undefined
    if (labels === undefined) continue
    return {
      operation: operation as OperationName,
      input: inputOf(operation as OperationName, labels, url.searchParams, readBody(body)),
    }
  }
  throw new AwsError('UnknownOperationException', `No operation is at ${method} ${url.pathname}`)
}

function matchPath(template: string, path: string): Readonly<Record<string, string>> | undefined {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)
  const match = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '([^/]+)')}$`).exec(path)
  if (match === null) return undefined
  return Object.fromEntries(
    names.map((name, index) => [name, decodeURIComponent(match[index + 1] as string)]),
  )
}

function readBody(body: string): Readonly<Record<string, unknown>> {
  if (body === '') return {}
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>
    }
  } catch {
    // Answered below, like any body that is no object.
  }
  throw invalid('The request body is not a JSON object')
}

function inputOf(
  operation: OperationName,
  labels: Readonly<Record<string, string>>,
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>>,
): Input {
  const input: Record<string, unknown> = {}
  const members = shapeOf(operations[operation].input).members ?? {}
  for (const [name, member] of Object.entries(members)) {
    const place = placeOf(member)
    const text = place === 'path' ? labels[name] : place === 'query' ? query.get(name) : undefined
    if (text !== undefined && text !== null) input[name] = fromText(shapeOf(shapeNameOf(member)).type, text)
  }
  // Members that the body must not have stay, and are refused by the check against the shape.
  for (const [name, value] of Object.entries(body)) {
    if (value !== null) input[name] = value
  }
  return input
}

function fromText(type: string, text: string): unknown {
  if (type === 'integer' || type === 'long') return text === '' ? text : Number(text)
  return type === 'boolean' ? text === 'true' : text
}
