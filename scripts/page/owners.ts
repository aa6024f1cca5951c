/**
 * Which processes of this machine hold the sockets that a report names. Without root those of the same user are found;
 * the others stay unknown, and nothing is said of them.
 */
import type { OwnersEvent } from '../../src/local-core/page/page-event.ts'
import type { ReportEventView } from '../../src/local-core/page/viewed-event.ts'
import type { ProcFs } from '../../src/procfs/proc-fs.ts'
import { findSocketOwners, type WantedSocket } from '../../src/procfs/socket-owners.ts'

/** Half of what one search takes each, so that many ports do not crowd out the peers. */
const WANTED_MAX = 50

export function ownersOf(
  proc: ProcFs,
  { listeners, connections }: ReportEventView,
  at: number,
  monotonicMs: () => number,
): OwnersEvent {
  const ports = distinct(listeners, ({ protocol, port }) => `${protocol} ${port}`).slice(0, WANTED_MAX)
  const hosts = (connections?.hosts ?? []).slice(0, WANTED_MAX)
  const wanted: WantedSocket[] = [
    ...ports.map(({ protocol, port }) => ({ kind: 'listener' as const, protocol, port })),
    ...hosts.map(({ address }) => ({ kind: 'remote' as const, address })),
  ]
  const found = findSocketOwners(proc, wanted, { monotonicMs })
  const owned = <T>(things: readonly T[], offset: number) =>
    things.flatMap((thing, index) => {
      const owner = found[offset + index]
      return owner === undefined || 'unknown' in owner ? [] : [{ thing, owner }]
    })
  return {
    event: 'owners',
    at,
    listeners: owned(ports, 0).map(({ thing: { protocol, port }, owner }) => ({ protocol, port, ...owner })),
    hosts: owned(hosts, ports.length).map(({ thing: { address }, owner }) => ({ address, ...owner })),
  }
}

function distinct<T>(things: readonly T[], keyOf: (thing: T) => string): T[] {
  return [...new Map(things.map((thing) => [keyOf(thing), thing])).values()]
}
