/** What clients of the AWS SDK need to reach the stand-in, or another one at this address. */
import { ACCESS_KEY } from './server.ts'

export function clientOptions(endpoint: string, accessKeyId = ACCESS_KEY) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  return {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId, secretAccessKey: 'secret' },
    maxAttempts: 1,
  }
}
