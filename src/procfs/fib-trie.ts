/**
 * The machine's own IPv4 addresses from `net/fib_trie`, the kernel's routing trie.
 *
 * Format: Linux `fib_trie_seq_show`: a leaf `|-- address` followed by one line for each route to it; `/32 host LOCAL`
 * marks an address of this machine. The trie says which addresses are ours but not whose interface they are on: see
 * `local-addresses.ts`.
 */
import type { ProcFs } from './proc-fs.ts'

const LEAF = /^\s*\|--\s(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/
const LOCAL_HOST = /^\s*\/32 host LOCAL$/

/** Local addresses, each once. The same leaf stands in two tables unless policy routing separated them. */
export function parseFibTrie(text: string): ReadonlySet<string> {
  const local = new Set<string>()
  let leaf: string | undefined
  for (const line of text.split('\n')) {
    const address = LEAF.exec(line)?.[1]
    if (address !== undefined) leaf = address
    else if (leaf !== undefined && LOCAL_HOST.test(line)) local.add(leaf)
  }
  return local
}

export const readFibTrie = (proc: ProcFs): ReadonlySet<string> => parseFibTrie(proc.readText('net/fib_trie'))
