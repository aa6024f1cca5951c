/**
 * One AWS service of the stand-in. The server finds it by the service name in the scope of the request's signature
 * (IAM user guide, "Elements of an AWS API request signature"), as all services answer at the same address.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Account, Input } from './account.ts'
import type { AwsError } from './error.ts'

export interface ServiceRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface ServiceAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** An operation as it was asked for, for the log of calls, the faults on demand and the check of permissions. */
export interface ServiceCall {
  readonly operation: string
  readonly input: Input
  /** Whether it changes what the account holds, where it succeeds. */
  readonly isChange: boolean
  /** The IAM action where it is not `<signing name>:<operation>`. */
  readonly action?: string
}

export interface ServiceContext {
  /**
   * Does the work of one call, unless it is denied or meets a fault; every call that a service understands goes
   * through here once. The answer may be one that a test has put in place of the work's own.
   */
  perform<T>(call: ServiceCall, work: () => T | Promise<T>): Promise<T>
}

export interface Service {
  readonly signingName: string
  /** Throws an `AwsError` for what AWS would refuse. */
  handle(request: ServiceRequest, context: ServiceContext): Promise<ServiceAnswer>
  /** An error in the form that the service's protocol has for it. */
  refuse(error: AwsError): ServiceAnswer
}

export type ServiceFactory = (account: Account) => Service
