/** The errors of Greengrass's control plane. Source: greengrassv2 API reference, "Common errors" and the errors of each action. */
import { AwsError } from '../error.ts'

/** `reason` and `fields` as ValidationException has them. */
export const unfit = (message: string, field?: string) =>
  new AwsError('ValidationException', message, {
    reason: field === undefined ? 'OTHER' : 'FIELD_VALIDATION_FAILED',
    ...(field === undefined ? {} : { fields: [{ name: field, message }] }),
  })

export const unparsable = (message: string) =>
  new AwsError('ValidationException', message, { reason: 'CANNOT_PARSE' })

export const missing = (resourceType: string, resourceId: string) =>
  new AwsError('ResourceNotFoundException', `${resourceType} [${resourceId}] does not exist.`, {
    resourceId,
    resourceType,
  })

export const conflict = (resourceType: string, resourceId: string, message: string) =>
  new AwsError('ConflictException', message, { resourceId, resourceType })
