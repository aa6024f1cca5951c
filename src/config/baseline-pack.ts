/**
 * The baseline security profiles, by the names of their files in `component/profiles`. They are part of the program, so
 * that a name means the same on each device with the same version.
 */
import connections from '../../component/profiles/connections.json' with { type: 'json' }
import destinationBogons from '../../component/profiles/destination-bogons.json' with { type: 'json' }
import destinationRanges from '../../component/profiles/destination-ranges.json' with { type: 'json' }
import exfiltration from '../../component/profiles/exfiltration.json' with { type: 'json' }
import listeningPorts from '../../component/profiles/listening-ports.json' with { type: 'json' }

/** Not parsed yet: only those that a configuration names are. */
export const baselinePack: Readonly<Record<string, unknown>> = {
  'listening-ports': listeningPorts,
  'destination-bogons': destinationBogons,
  'destination-ranges': destinationRanges,
  exfiltration,
  connections,
}
