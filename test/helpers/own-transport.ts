/**
 * For every test file: below the device SDK's client lies our own transport, as in the artifact, and not `aws-crt`, which
 * the SDK would load here. Tests are to meet what ships; besides, `aws-crt` now and then never tells of an activation
 * (one in hundreds of new connections on a fast machine), and the call that waits for it never ends.
 * The suites that compare the two transports load each of them for themselves.
 */
import { vi } from 'vitest'

vi.mock('aws-iot-device-sdk-v2/dist/greengrasscoreipc.js', async () => {
  const { bundleOurs } = await import('../ipc/event-stream/sdk-bundle.ts')
  const ours = await bundleOurs()
  try {
    return ours.load()
  } finally {
    await ours.remove()
  }
})
