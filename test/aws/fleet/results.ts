/**
 * What core devices say of a deployment that ended. Sources: Greengrass developer guide, "Detailed deployment error
 * codes" and "Detailed component status codes"; the classic nucleus's DeploymentResult names the outcomes. The lite
 * nucleus reports the outcome alone.
 */
import type { ExecutionResult } from '../greengrass/state.ts'

export const SUCCESSFUL: ExecutionResult = { reason: 'SUCCESSFUL' }

export const BROKEN_STATUS = {
  stateDetails: 'The startup script exited with code 1.',
  statusCodes: ['STARTUP_ERROR'],
}

export type FailedOutcome =
  | 'FAILED_NO_STATE_CHANGE'
  | 'FAILED_ROLLBACK_NOT_REQUESTED'
  | 'FAILED_ROLLBACK_COMPLETE'
  | 'FAILED_UNABLE_TO_ROLLBACK'

export const brokenComponent = (outcome: FailedOutcome, component: string): ExecutionResult => ({
  reason: `${outcome}: Service ${component} in broken state after deployment`,
  errorStack: ['DEPLOYMENT_FAILURE', 'COMPONENT_UPDATE_ERROR', 'COMPONENT_BROKEN'],
  errorTypes: [component.startsWith('aws.') ? 'AWS_COMPONENT_ERROR' : 'USER_COMPONENT_ERROR'],
})

export const noArtifact = (component: string, version: string): ExecutionResult => ({
  reason: `FAILED_NO_STATE_CHANGE: Failed to download artifact of component ${component}-${version}, reason: S3 HeadObject returns 403 Access Denied. Ensure the IAM role associated with the core device has a policy granting s3:GetObject`,
  errorStack: ['DEPLOYMENT_FAILURE', 'ARTIFACT_DOWNLOAD_ERROR', 'S3_HEAD_OBJECT_ACCESS_DENIED'],
  errorTypes: ['PERMISSION_ERROR'],
})

export const changedArtifact = (component: string, version: string): ExecutionResult => ({
  reason: `FAILED_NO_STATE_CHANGE: Failed to download artifact of component ${component}-${version}, reason: Integrity check for downloaded artifact failed. Probably due to file corruption`,
  errorStack: ['DEPLOYMENT_FAILURE', 'ARTIFACT_DOWNLOAD_ERROR', 'ARTIFACT_CHECKSUM_MISMATCH'],
  errorTypes: ['COMPONENT_RECIPE_ERROR'],
})

/** @param versions that are wanted of the component: one that is not there, or two at once */
export const noVersion = (component: string, versions: readonly string[]): ExecutionResult => ({
  reason: `FAILED_NO_STATE_CHANGE: No local or cloud component version satisfies the requirements: ${component} ${versions.join(', ')}`,
  errorStack: [
    'DEPLOYMENT_FAILURE',
    'NO_AVAILABLE_COMPONENT_VERSION',
    'COMPONENT_VERSION_REQUIREMENTS_NOT_MET',
  ],
  errorTypes: ['REQUEST_ERROR'],
})

/** As the lite nucleus says it. */
export const bare = ({ reason }: ExecutionResult): ExecutionResult => ({
  reason: reason.split(':')[0] as string,
})
