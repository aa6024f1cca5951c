/**
 * A service that speaks AWS's Query protocol: a form with `Action`, answered in XML. Source: IAM user guide, "Making
 * HTTP query requests"; IAM API reference, "Common errors".
 */
import type { Account } from './account.ts'
import { AwsError, statusOf } from './error.ts'
import type { Service, ServiceAnswer } from './service.ts'
import { document, type Xml, type XmlElements } from './xml.ts'

export interface QueryOperation {
  readonly isChange: boolean
  /** What is in the `Result` element. */
  run(account: Account, parameters: Parameters): XmlElements
}

/** The form, with what a list or a required text is. */
export interface Parameters {
  text(name: string): string | undefined
  required(name: string): string
  /** `Name.member.1`, `Name.member.2` and so on. */
  list(name: string): readonly string[]
}

export interface QueryOptions {
  readonly signingName: string
  readonly version: string
  readonly operations: Readonly<Record<string, QueryOperation>>
}

export const queryService = (
  account: Account,
  { signingName, version, operations }: QueryOptions,
): Service => ({
  signingName,
  handle: async ({ body }, context) => {
    const form = new URLSearchParams(body.toString())
    const name = form.get('Action') ?? ''
    const operation = operations[name]
    if (operation === undefined || form.get('Version') !== version) {
      throw new AwsError(
        'InvalidAction',
        `Could not find operation ${name} for version ${form.get('Version')}`,
      )
    }
    const input = Object.fromEntries([...form].filter(([key]) => key !== 'Action' && key !== 'Version'))
    const result = await context.perform({ operation: name, input, isChange: operation.isChange }, () =>
      operation.run(account, parametersOf(form)),
    )
    const namespace = `https://${signingName}.amazonaws.com/doc/${version}/`
    return xmlAnswer(200, `${name}Response`, { [`${name}Result`]: result, ResponseMetadata }, namespace)
  },
  refuse: (error) => {
    const code = ownNames[error.code] ?? error.code
    const content = { Type: 'Sender', Code: code, Message: error.message }
    return xmlAnswer(statusOf(new AwsError(code, ''), statuses), 'ErrorResponse', { Error: content })
  },
})

const ResponseMetadata = { RequestId: '00000000-0000-4000-8000-000000000000' }

const statuses: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  EntityAlreadyExists: 409,
  ExpiredToken: 403,
  InvalidClientTokenId: 403,
  LimitExceeded: 409,
  MissingAuthenticationToken: 403,
  NoSuchEntity: 404,
  ServiceFailure: 500,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
}

/** What these services call the errors that all have. */
const ownNames: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  ExpiredTokenException: 'ExpiredToken',
  InternalFailureException: 'ServiceFailure',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  ServiceUnavailableException: 'ServiceUnavailable',
  ThrottlingException: 'Throttling',
  UnrecognizedClientException: 'InvalidClientTokenId',
}

const xmlAnswer = (status: number, name: string, content: Xml, namespace?: string): ServiceAnswer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: document(name, content, namespace),
})

const parametersOf = (form: URLSearchParams): Parameters => ({
  text: (name) => form.get(name) ?? undefined,
  required: (name) => {
    const text = form.get(name) ?? ''
    if (text === '') throw new AwsError('ValidationError', `The request must contain the parameter ${name}.`)
    return text
  },
  list: (name) => {
    const entries = []
    for (let each = form.get(`${name}.member.1`); each !== null; ) {
      entries.push(each)
      each = form.get(`${name}.member.${entries.length + 1}`)
    }
    return entries
  },
})
