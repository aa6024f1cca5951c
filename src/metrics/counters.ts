/**
 * Traffic since a baseline, from counters that start afresh, wrap, vanish and come back under another name.
 *
 * `network_stats` are deltas since the last report that was handed over (AWS: "delta metric", never negative). The rules:
 * - No baseline at all: no value, since a made-up one would look like a burst after each start.
 * - Same boot, same interface: new minus old.
 * - An interface that is new (not in the baseline, or with another index), and any interface after a reboot: its counters
 *   began at 0 after the baseline, so all they show counts.
 * - A renamed interface is recognized by its index.
 * - A counter that went back: a wrap when the other counter of the same direction went on and the wrap would mean a
 *   believable number, else the interface was reset and all that the counter shows counts.
 * - An interface that has gone: what it carried since the baseline cannot be known and does not count.
 */
import type { InterfaceCounters } from '../procfs/net-dev.ts'
import type { NetworkStats } from './snapshot.ts'

/** Counters of all interfaces at one instant, also of those that are not reported: the choice may change later. */
export interface CounterReading {
  /** Absent when the kernel's boot id could not be read: then the readings are taken to be of the same boot. */
  readonly bootId?: string
  readonly interfaces: readonly InterfaceReading[]
}

export interface InterfaceReading extends InterfaceCounters {
  /** The kernel's number of the interface, where it is known. */
  readonly index?: number
}

type Counter = 'bytesIn' | 'bytesOut' | 'packetsIn' | 'packetsOut'
const witnessOf: Record<Counter, Counter> = {
  bytesIn: 'packetsIn',
  packetsIn: 'bytesIn',
  bytesOut: 'packetsOut',
  packetsOut: 'bytesOut',
}

/** Traffic of the interfaces that `isReported`, or undefined without a baseline. */
export function trafficSince(
  baseline: CounterReading | undefined,
  reading: CounterReading,
  isReported: (name: string) => boolean,
): NetworkStats | undefined {
  if (baseline === undefined) return undefined
  const isSameBoot =
    baseline.bootId === undefined || reading.bootId === undefined || baseline.bootId === reading.bootId
  const sums: Record<Counter, bigint> = { bytesIn: 0n, bytesOut: 0n, packetsIn: 0n, packetsOut: 0n }
  for (const current of reading.interfaces) {
    if (!isReported(current.name)) continue
    const former = isSameBoot ? formerOf(current, baseline.interfaces) : undefined
    for (const counter of Object.keys(sums) as Counter[]) sums[counter] += delta(former, current, counter)
  }
  return {
    bytesIn: Number(sums.bytesIn),
    bytesOut: Number(sums.bytesOut),
    packetsIn: Number(sums.packetsIn),
    packetsOut: Number(sums.packetsOut),
  }
}

function formerOf(
  current: InterfaceReading,
  interfaces: readonly InterfaceReading[],
): InterfaceReading | undefined {
  const byIndex = interfaces.find((former) => former.index !== undefined && former.index === current.index)
  if (byIndex !== undefined) return byIndex
  const byName = interfaces.find((former) => former.name === current.name)
  // The same name with another index: taken down and made anew. Without indexes the name is all there is.
  return byName?.index === undefined || current.index === undefined ? byName : undefined
}

function delta(former: InterfaceReading | undefined, current: InterfaceReading, counter: Counter): bigint {
  const now = current[counter]
  if (former === undefined) return now
  const before = former[counter]
  if (now >= before) return now - before
  const wrapped = now + widthOf(before) - before
  const isWitnessed = current[witnessOf[counter]] >= former[witnessOf[counter]]
  return isWitnessed && wrapped < WRAPPED_MAX ? wrapped : now
}

/** A counter at most 2^32 - 1 high that wrapped is a 32-bit one. */
const widthOf = (before: bigint): bigint => (before < 2n ** 32n ? 2n ** 32n : 2n ** 64n)

/** Half an hour at 40 Gbit/s is below it: a wrap that would mean more is none, the counter was reset. */
const WRAPPED_MAX = 2n ** 43n
