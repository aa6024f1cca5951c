/**
 * Which interface owns a local address, in the network namespace that the socket tables were read from.
 *
 * In our own namespace the kernel is asked directly (getifaddrs), which is exact. In another one (the host's `/proc` in a
 * container) there is no such call; then:
 * - IPv6: `net/if_inet6` names the interface of each address.
 * - IPv4: `net/fib_trie` says which addresses are local. The interface is the one whose directly connected network in
 *   `net/route` contains the address, the longest prefix first. Two interfaces in equal networks, or an address without a
 *   connected network (a /32 on a tunnel), cannot be told apart this way; such an address has no interface rather than
 *   a wrong one. What can mislead it is a route to such an address that was set by hand. `127.0.0.0/8` is on the loopback interface by definition (RFC 1122, 3.2.1.3).
 * The same files serve in our own namespace for addresses of interfaces without carrier, which getifaddrs of Node leaves out.
 */
import { readFibTrie } from './fib-trie.ts'
import { readIfInet6 } from './if-inet6.ts'
import { type Route, readNetRoute } from './net-route.ts'
import { ProcReadError } from './parse-error.ts'
import { type ProcFs, SEVERAL } from './proc-fs.ts'

export interface LocalAddresses {
  /** Interface name of a bare address, or undefined when no interface is known to own it. */
  interfaceOf(address: string): string | undefined
}

/**
 * Reads lazily, and once: the files are only needed for addresses that getifaddrs does not know, and neither where only
 * wildcard listeners are. To be made anew for each snapshot: nothing in `/proc` tells that no address has changed, and a
 * new one on another interface must not be named after the old one. `onFault` gets what failed.
 */
export function readLocalAddresses(proc: ProcFs, onFault: (error: unknown) => void): LocalAddresses {
  let own: ReadonlyMap<string, string> | undefined
  let isOwnRead = false
  let ofFiles: ReadonlyMap<string, string> | undefined
  return {
    interfaceOf: (address) => {
      if (!isOwnRead) own = proc.ownAddresses()
      isOwnRead = true
      const name = own?.get(address)
      if (name !== undefined) return name === SEVERAL ? undefined : name
      ofFiles ??= addressesOfFiles(proc, onFault)
      const found = ofFiles.get(address) ?? (isLoopbackText(address) ? 'lo' : undefined)
      return found === SEVERAL ? undefined : found
    },
  }
}

const isLoopbackText = (address: string): boolean => address.startsWith('127.') || address === '::1'

function addressesOfFiles(proc: ProcFs, onFault: (error: unknown) => void): Map<string, string> {
  const byAddress = new Map<string, string>()
  // Without IPv6 the kernel has no if_inet6.
  const unlessMissing = (error: unknown) => {
    if (!(error instanceof ProcReadError && error.isMissing)) onFault(error)
  }
  attempt(unlessMissing, () => {
    for (const { address, interface: name } of readIfInet6(proc).addresses) {
      const known = byAddress.get(address)
      byAddress.set(address, known === undefined || known === name ? name : SEVERAL)
    }
  })
  attempt(onFault, () => {
    const { routes } = readNetRoute(proc)
    for (const address of readFibTrie(proc)) {
      const name = interfaceOfIPv4(address, routes)
      if (name !== undefined) byAddress.set(address, name)
    }
  })
  return byAddress
}

function attempt(onFault: (error: unknown) => void, action: () => void): void {
  try {
    action()
  } catch (error) {
    onFault(error)
  }
}

/** The interface whose connected network holds the address with the longest prefix; undefined when two equally do. */
export function interfaceOfIPv4(address: string, routes: readonly Route[]): string | undefined {
  const word = wordOf(address)
  let best: Route | undefined
  let isAmbiguous = false
  for (const route of routes) {
    if (route.gateway !== 0 || route.mask === 0 || (word & route.mask) >>> 0 !== route.destination) continue
    if (best === undefined || route.mask > best.mask) {
      best = route
      isAmbiguous = false
    } else if (route.mask === best.mask && route.interface !== best.interface) {
      isAmbiguous = true
    }
  }
  return isAmbiguous ? undefined : best?.interface
}

const wordOf = (address: string): number =>
  address.split('.').reduce((word, part) => ((word << 8) | Number(part)) >>> 0, 0)
