/**
 * Why a device did not take a deployment, in words that say what to do. Codes: Greengrass V2 developer guide, "Detailed
 * deployment error codes" (a nucleus from 2.8.0 on reports them) and "Detailed component status codes".
 */
import type { DeviceDeployment, InstalledComponent } from '../aws/fleet-devices.ts'

/** Of an error stack the last code that is known here explains most. */
const codes: Readonly<Record<string, string>> = {
  ACCESS_DENIED: 'AWS denies the device an operation: look at its IoT policy and its token-exchange role',
  ARTIFACT_CHECKSUM_MISMATCH:
    'the artifact in the bucket is not the one that was published: publish the component under a new version',
  ARTIFACT_DOWNLOAD_ERROR: 'the artifact could not be downloaded',
  COMPONENT_BROKEN: 'the component failed three times and was given up: look at its log on the device',
  COMPONENT_CONFIGURATION_NOT_VALID:
    'the component refused its new configuration: look at its log on the device',
  COMPONENT_UPDATE_ERROR: 'the component could not be updated: look at its log on the device',
  COMPONENT_VERSION_REQUIREMENTS_NOT_MET:
    "no version of a component fits what all of the device's deployments ask for together",
  CONFLICTED_REQUEST: 'several requests at once: it will pass, deploy again',
  DISK_SPACE_CRITICAL: 'the disk is full: at least 20 MB must be free',
  GET_COMPONENT_VERSION_ARTIFACT_ACCESS_DENIED:
    "the device's IoT policy does not allow greengrass:GetComponentVersionArtifact",
  GET_DEPLOYMENT_CONFIGURATION_ACCESS_DENIED:
    "the device's IoT policy does not allow greengrass:GetDeploymentConfiguration",
  IO_UNZIP_ERROR: 'the artifact could not be unpacked',
  IO_WRITE_ERROR: 'a file could not be written: is the disk full or read-only?',
  NETWORK_ERROR: "the device's network failed",
  NO_AVAILABLE_COMPONENT_VERSION:
    'there is no such version for this device: is it published in this region, and has its recipe a manifest for the platform?',
  NUCLEUS_MISSING_REQUIRED_CAPABILITIES: 'the nucleus is too old for this deployment',
  RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED:
    "the device's IoT policy does not allow greengrass:ResolveComponentCandidates",
  RUN_WITH_CONFIG_NOT_VALID: 'the user that the component is to run as is not there',
  S3_ACCESS_DENIED: 'the token-exchange role does not allow s3:GetObject on the bucket',
  S3_GET_OBJECT_ACCESS_DENIED: 'the token-exchange role does not allow s3:GetObject on the bucket',
  S3_HEAD_OBJECT_ACCESS_DENIED: 'the token-exchange role does not allow s3:GetObject on the bucket',
  S3_GET_OBJECT_RESOURCE_NOT_FOUND: 'the artifact is no longer in the bucket',
  S3_HEAD_OBJECT_RESOURCE_NOT_FOUND: 'the artifact is no longer in the bucket',
  THROTTLING_ERROR: 'AWS throttled the device: deploy again, more slowly',
  UNAUTHORIZED_NUCLEUS_MINOR_VERSION_UPDATE:
    'a component asks for another minor version of the nucleus, which the deployment does not name',
  // Detailed component status codes.
  INSTALL_ERROR: 'its install script failed: is Node.js there, and new enough?',
  INSTALL_TIMEOUT: 'its install script took too long',
  STARTUP_ERROR: 'it failed while starting',
  STARTUP_TIMEOUT: 'it did not report to be running in time',
  RUN_ERROR: 'it ended with an error',
  RUN_TIMEOUT: 'it did not end in time',
}

const types: Readonly<Record<string, string>> = {
  AWS_COMPONENT_ERROR: 'a component of AWS failed',
  CLOUD_SERVICE_ERROR: 'the Greengrass cloud service failed: deploy again',
  COMPONENT_ERROR: 'a component failed: look at the logs on the device',
  COMPONENT_RECIPE_ERROR: "a component's recipe will not do",
  DEPENDENCY_ERROR: 'an artifact could not be fetched from S3 or ECR',
  DEVICE_ERROR: "the device's disk or another part of it failed",
  HTTP_ERROR: 'a request over HTTP failed',
  NETWORK_ERROR: "the device's network failed",
  NUCLEUS_ERROR: 'the nucleus failed',
  PERMISSION_ERROR: 'a permission is missing: look at the IoT policy and the token-exchange role',
  REQUEST_ERROR: 'the deployment itself will not do for this device',
  SERVER_ERROR: 'a server failed: deploy again',
  UNKNOWN_ERROR: 'an error without a name: look at greengrass.log on the device',
  USER_COMPONENT_ERROR: 'a component failed: look at its log on the device',
}

/** What the device did then, by the result that its reason begins with. */
const results: readonly (readonly [RegExp, string])[] = [
  [/FAILED_ROLLBACK_COMPLETE/, 'the device went back to the former revision'],
  [/FAILED_ROLLBACK_NOT_REQUESTED/, 'the device did not go back'],
  [/FAILED_UNABLE_TO_ROLLBACK/, 'the device could not go back'],
  [/FAILED_NO_STATE_CHANGE/, 'the device was not changed'],
]

const REASON_CHARACTERS_MAX = 160

/** `the disk is full: at least 20 MB must be free (DISK_SPACE_CRITICAL); the device was not changed`. */
export function reasonText(deployment: DeviceDeployment): string {
  const { status, reason = '', errorStack, errorTypes } = deployment
  const code = errorStack.findLast((each) => codes[each] !== undefined)
  const type = errorTypes.find((each) => types[each] !== undefined)
  const words =
    code !== undefined
      ? `${codes[code]} (${code})`
      : type !== undefined
        ? `${types[type]} (${errorStack.at(-1) ?? type})`
        : (statuses[status] ?? ownWords(reason))
  const result = results.find(([pattern]) => pattern.test(reason))?.[1]
  return result === undefined ? words : `${words}; ${result}`
}

/** A nucleus lite tells its result and no code. */
const ownWords = (reason: string): string =>
  reason
    .replace(/\bFAILED_[A-Z_]+\b:?\s*/, '')
    .trim()
    .slice(0, REASON_CHARACTERS_MAX) || 'the deployment failed'

const statuses: Readonly<Record<string, string>> = {
  CANCELED: 'the deployment was canceled before the device took it',
  TIMED_OUT: 'the device did not finish in time',
  REJECTED: 'the device does not take this deployment',
}

/** How the component is, for people: `RUNNING`, `BROKEN: it failed while starting (STARTUP_ERROR)`. */
export function componentText({ lifecycleState, details, statusCodes }: InstalledComponent): string {
  if (lifecycleState !== 'BROKEN' && lifecycleState !== 'ERRORED') return lifecycleState
  const code = statusCodes.findLast((each) => codes[each] !== undefined)
  const words = code === undefined ? details : `${codes[code]} (${code})`
  return words === undefined ? lifecycleState : `${lifecycleState}: ${words.slice(0, REASON_CHARACTERS_MAX)}`
}

type DeviceOutcome = 'succeeded' | 'failed' | 'waiting'

/** API reference, `coreDeviceExecutionStatus`. */
export function outcomeOf(status: string): DeviceOutcome {
  if (status === 'SUCCEEDED' || status === 'COMPLETED') return 'succeeded'
  return ['FAILED', 'TIMED_OUT', 'CANCELED', 'REJECTED'].includes(status) ? 'failed' : 'waiting'
}
