/** Devices, with their things and thing groups in the account's registry. */
import type { Account } from '../account.ts'
import { addThing, addThingGroup, join } from '../registry.ts'
import { CLASSIC, LITE, SimulatedDevice } from './device.ts'
import type { CompleteFleetOptions } from './options.ts'
import { spreadFor } from './spread.ts'

export function enrol(account: Account, options: CompleteFleetOptions): Map<string, SimulatedDevice> {
  const { devices, liteShare, offlineShare, seed } = options
  const [isLite, isOffline] = [spreadFor(seed, 'lite'), spreadFor(seed, 'offline')]
  const names = Array.from({ length: devices }, (_, index) => deviceName(index))
  for (const name of names) addThing(account, { name })
  fillGroups(account, options, names)
  return new Map(
    names.map((name, index) => {
      const kind = isLite(index) < liteShare ? LITE : CLASSIC
      const isOnline = isOffline(index) >= offlineShare
      return [name, new SimulatedDevice(index, name, kind, isOnline, account.nowMs())]
    }),
  )
}

function fillGroups(account: Account, { groups }: CompleteFleetOptions, names: readonly string[]): void {
  let next = 0
  for (const [name, members] of Object.entries(groups)) {
    const group = account.registry.groups.get(name) ?? addThingGroup(account, { name })
    const chosen = typeof members === 'number' ? names.slice(next, next + members) : members
    if (typeof members === 'number') next += members
    if (next > names.length) throw new Error(`${names.length} devices are too few for group ${name}`)
    for (const member of chosen) {
      const thing = account.registry.things.get(member)
      if (thing === undefined) throw new Error(`no device ${member} in the fleet`)
      join(account, thing, group)
    }
  }
}

const deviceName = (index: number) => `core-${String(index + 1).padStart(5, '0')}`
