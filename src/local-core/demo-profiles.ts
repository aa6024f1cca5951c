/**
 * What `defender local` gives the agent to judge: one security profile whose behaviors an ordinary developer's machine
 * meets, loopback included, and of which each attack of `defender attack` violates exactly one.
 *
 * In the shape of the component's parameter `SecurityProfiles`: the profile's name is its key. For real devices take
 * `component/profiles`, whose ceilings are those of a small device.
 */
import type { SecurityProfile } from '../detect/security-profile.ts'

/** 500 MB in five minutes is 13 Mbit/s without a pause: more than calls, or the acknowledgements of downloads, send. */
const BYTES_OUT_CEILING = 500_000_000

/** A connection within the machine counts twice, at both its ends; an editor, a browser and databases make about 150. */
const CONNECTIONS_CEILING = 250

export const demoProfiles: Readonly<Record<string, Omit<SecurityProfile, 'securityProfileName'>>> = {
  demo: {
    securityProfileDescription: 'What the attacks of defender attack violate, one behavior each',
    behaviors: [
      {
        name: 'BackdoorPort',
        metric: 'aws:listening-tcp-ports',
        criteria: {
          comparisonOperator: 'not-in-port-set',
          value: { ports: [4444, 31_337] },
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        },
      },
      {
        name: 'Telnet',
        metric: 'aws:listening-tcp-ports',
        criteria: {
          comparisonOperator: 'not-in-port-set',
          value: { ports: [23, 2323] },
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        },
      },
      {
        name: 'Exfiltration',
        metric: 'aws:all-bytes-out',
        criteria: {
          comparisonOperator: 'less-than-equals',
          value: { count: BYTES_OUT_CEILING },
          durationSeconds: 300,
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        },
      },
      {
        name: 'Beacon',
        metric: 'aws:destination-ip-addresses',
        criteria: {
          comparisonOperator: 'not-in-cidr-set',
          value: { cidrs: ['127.66.0.0/16'] },
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        },
      },
      {
        // Without durationSeconds: each interval by itself, so that the alarm clears soon after the connections close.
        name: 'ManyConnections',
        metric: 'aws:num-established-tcp-connections',
        criteria: {
          comparisonOperator: 'less-than-equals',
          value: { count: CONNECTIONS_CEILING },
          consecutiveDatapointsToAlarm: 1,
          consecutiveDatapointsToClear: 1,
        },
      },
    ],
  },
}
