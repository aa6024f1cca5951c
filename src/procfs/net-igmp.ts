/**
 * Interface indexes from `net/igmp`. The index is what stays when an interface is renamed and changes when it is made
 * anew, which `net/dev` does not tell.
 *
 * Format: Linux `igmp_mc_seq_show`: `Idx Device : Count Querier`, then indented lines of multicast groups. Lists each
 * interface that speaks IPv4.
 */

const DEVICE = /^(\d+)\t(\S+)\s*:/

export function parseNetIgmp(text: string): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, index, name] = DEVICE.exec(line) ?? []
    if (index !== undefined && name !== undefined) indexes.set(name, Number(index))
  }
  return indexes
}
