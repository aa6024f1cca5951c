import { existsSync, readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { SocketHolders } from './socket-holders.ts'

/** Established connections to and from the network; the kernel writes an address as one number, low byte first here. */
function heldLines(network: string): number {
  const bytes = `${network}.2`
    .split('.')
    .map((byte) => Number(byte).toString(16).toUpperCase().padStart(2, '0'))
  const address = (endianness() === 'LE' ? bytes.toReversed() : bytes).join('')
  const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n')
  return lines.filter((line) => line.includes(`${address}:`) && line.includes(' 01 ')).length
}

test.skipIf(!existsSync('/proc/net/tcp'))('holds real connections, and leaves nothing behind', async () => {
  const holders = new SocketHolders()
  const held = () => heldLines(holders.network)
  onTestFinished(() => holders.release())
  expect(await holders.hold(20)).toBeUndefined()
  expect(held()).toBe(20)
  expect(await holders.hold(10)).toBeUndefined()
  expect(held()).toBe(20)
  await holders.release()
  expect(held()).toBe(0)
  expect(await holders.hold(0)).toBeUndefined()
})
