/**
 * Names the processes behind violations of lists: who listens on an unexpected port, who talks to an unexpected address. Once for
 * all events of one turn, and for offenders only, since it costs a look at the descriptors of every process.
 */
import type { Element } from '../detect/criteria.ts'
import type { ProcessEvidence, ViolationEvent } from '../detect/violation.ts'
import type { ProcFs } from '../procfs/proc-fs.ts'
import { findSocketOwners, type WantedSocket } from '../procfs/socket-owners.ts'

/** The events, each `in-alarm` one of a list of sockets with `evidence.processes`. */
export function attributeProcesses(
  proc: ProcFs,
  events: readonly ViolationEvent[],
  monotonicMs: () => number,
): readonly ViolationEvent[] {
  const asked = events.map(wantedOf)
  const wanted = asked.flat()
  if (wanted.length === 0) return events
  const owners = findSocketOwners(
    proc,
    wanted.map(({ socket }) => socket),
    { monotonicMs },
  )
  const processes = wanted.map(({ element }, index): ProcessEvidence => {
    const owner = owners[index]
    return { element, ...(owner ?? { unknown: 'no such socket' }) }
  })
  let taken = 0
  return events.map((event, index) => {
    const count = asked[index]?.length ?? 0
    const ofEvent = processes.slice(taken, taken + count)
    taken += count
    return count === 0 || event.evidence.kind !== 'list'
      ? event
      : { ...event, evidence: { ...event.evidence, processes: ofEvent } }
  })
}

interface Wanted {
  readonly element: Element
  readonly socket: WantedSocket
}

function wantedOf({ violationEventType, behavior, metricValue }: ViolationEvent): Wanted[] {
  if (violationEventType !== 'in-alarm' || metricValue === undefined) return []
  if ('ports' in metricValue) {
    const protocol = behavior.metric === 'aws:listening-udp-ports' ? 'udp' : 'tcp'
    return metricValue.ports.map((port) => ({ element: port, socket: { kind: 'listener', protocol, port } }))
  }
  if ('cidrs' in metricValue && behavior.metric === 'aws:destination-ip-addresses') {
    return metricValue.cidrs.map((address) => ({ element: address, socket: { kind: 'remote', address } }))
  }
  return []
}
