/**
 * A service that speaks AWS's REST-JSON protocol, made of the table of its shapes and one handler for each operation.
 * From an HTTP request to an operation and its input as the model binds them: path, query string, headers, JSON body.
 * Requests are checked against the shapes, and so are the stand-in's own answers.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Input } from './account.ts'
import { AwsError, statusOf } from './error.ts'
import type { Service, ServiceAnswer, ServiceRequest } from './service.ts'
import { checkShape, type Model, placeOf, shapeNameOf, shapeOf } from './shapes.ts'

/** One operation: checked input to the members of its answer, or an `AwsError`. */
export type Handler<State> = (
  state: State,
  input: Input,
) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>
export type Handlers<State> = Readonly<Record<string, Handler<State>>>

export interface RestJsonOptions<State> {
  readonly signingName: string
  readonly model: Model
  readonly handlers: Handlers<State>
  readonly state: State
  /** The error of a request that its shape does not allow. */
  readonly invalid: (problems: readonly string[]) => AwsError
  /** Operations that change nothing although their method is not GET. */
  readonly harmless?: readonly string[]
}

export function restJsonService<State>(options: RestJsonOptions<State>): Service {
  const { signingName, model, handlers, state, harmless = [] } = options
  const routes = routesOf(model)

  async function perform(operation: string, input: Input): Promise<object> {
    const { input: inputShape, output: outputShape } = operationOf(model, operation)
    const problems = checkShape(model, inputShape, input)
    if (problems.length > 0) throw options.invalid(problems)
    const handler = handlers[operation]
    if (handler === undefined) throw new Error(`${operation} has a shape but no handler`)
    // What is kept must not be the very objects of a request, nor what is answered those that are kept.
    const output = structuredClone(await handler(state, structuredClone(input)))
    const faultsOfOurs = outputShape === undefined ? [] : checkShape(model, outputShape, output)
    if (faultsOfOurs.length > 0) throw new Error(`the answer to ${operation}: ${faultsOfOurs.join('; ')}`)
    return output
  }

  return {
    signingName,
    handle: async (request, context) => {
      const { operation, input } = readRequest(options, routes, request)
      const { method, status = 200 } = operationOf(model, operation)
      const isChange = method !== 'GET' && !harmless.includes(operation)
      const output = await context.perform({ operation, input, isChange }, () => perform(operation, input))
      return jsonAnswer(status, output)
    },
    refuse: (error) => refuseAsJson(error, model.errors),
  }
}

/** @param statuses of the errors in the service's model */
export const refuseAsJson = (error: AwsError, statuses: Readonly<Record<string, number>> = {}) =>
  jsonAnswer(
    statusOf(error, statuses),
    { message: error.message, ...error.members },
    { 'x-amzn-errortype': error.code },
  )

const jsonAnswer = (
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): ServiceAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

interface Route {
  readonly operation: string
  readonly method: string
  readonly path: RegExp
  readonly labels: readonly string[]
}

const routesOf = (model: Model): readonly Route[] =>
  Object.entries(model.operations).map(([operation, { method, path }]) => ({
    operation,
    method,
    path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
    labels: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string),
  }))

function readRequest<State>(
  { model, invalid }: RestJsonOptions<State>,
  routes: readonly Route[],
  { method, url, headers, body }: ServiceRequest,
): { readonly operation: string; readonly input: Input } {
  for (const { operation, method: wanted, path, labels } of routes) {
    const match = wanted === method ? path.exec(url.pathname) : null
    if (match === null) continue
    const given = Object.fromEntries(
      labels.map((name, index) => [name, decodeURIComponent(match[index + 1] as string)]),
    )
    const content = readBody(body.toString())
    if (content === undefined) throw invalid(['The request body is not a JSON object'])
    return { operation, input: inputOf(model, operation, given, url.searchParams, headers, content) }
  }
  throw new AwsError('UnknownOperationException', `No operation is at ${method} ${url.pathname}`)
}

type Json = Readonly<Record<string, unknown>>

function readBody(body: string): Json | undefined {
  if (body === '') return {}
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  } catch {
    // Refused by the caller, like any body that is no object.
  }
  return undefined
}

function inputOf(
  model: Model,
  operation: string,
  labels: Readonly<Record<string, string>>,
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
  body: Json,
): Input {
  const input: Record<string, unknown> = {}
  const members = shapeOf(model, operationOf(model, operation).input).members ?? {}
  let payload: string | undefined
  for (const [name, member] of Object.entries(members)) {
    const { place, wireName } = placeOf(name, member)
    const { type, member: element } = shapeOf(model, shapeNameOf(member))
    if (place === 'payload') payload = name
    if (place === 'query' && type === 'list') {
      if (query.has(wireName)) input[name] = query.getAll(wireName)
      continue
    }
    const text =
      place === 'path'
        ? labels[wireName]
        : place === 'query'
          ? query.get(wireName)
          : place === 'header'
            ? headers[wireName]
            : undefined
    if (typeof text === 'string') input[name] = fromText(element ?? type, text)
  }
  if (payload !== undefined) return { ...input, [payload]: body }
  // Members that the body must not have stay, and are refused by the check against the shape.
  for (const [name, value] of Object.entries(body)) {
    if (value !== null) input[name] = value
  }
  return input
}

/** What is no number or time stays text, and is refused by the check against the shape. */
function fromText(type: string, text: string): unknown {
  if (type === 'integer' || type === 'long') return text === '' ? text : Number(text)
  if (type === 'timestamp') return Number.isNaN(Date.parse(text)) ? text : Date.parse(text) / 1000
  return type === 'boolean' ? text === 'true' : text
}

function operationOf({ operations }: Model, name: string) {
  const operation = operations[name]
  if (operation === undefined) throw new Error(`no operation ${name} in the table`)
  return operation
}
