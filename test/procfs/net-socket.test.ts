import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress } from '../../src/procfs/address.ts'
import { parseSockets, type SocketTable } from '../../src/procfs/net-socket.ts'
import { readerOf } from '../helpers/bytes.ts'
import { TCP_HEADER, table, tcpLine } from '../helpers/sockets.ts'

function socketsOf(
  name: SocketTable,
  text: string | Uint8Array,
  { pieces = [4096], isLittleEndian = true } = {},
) {
  const sockets: string[] = []
  const scan = parseSockets(
    name,
    readerOf(text, pieces),
    ({ family, state, local, localPort, remote, remotePort }) =>
      sockets.push(
        `${family} ${state} ${formatAddress(family, local)} ${localPort} ${formatAddress(family, remote)} ${remotePort}`,
      ),
    isLittleEndian,
  )
  return { ...scan, sockets }
}

const valid = tcpLine(0, { local: '0100007F:1F90', remote: '0200007F:0035' })
const changed = (at: number, text: string) => valid.slice(0, at) + text + valid.slice(at + text.length)

describe('malformed lines', () => {
  test.each([
    { name: 'empty', line: '', field: 'sl' },
    { name: 'no colon', line: 'hello world', field: 'sl' },
    { name: 'sl without an end', line: '1234567890123456: 0100007F', field: 'sl' },
    { name: 'address of letters', line: changed(6, '0100GG7F'), field: 'local_address' },
    { name: 'address without its port', line: changed(14, ' '), field: 'local_address' },
    { name: 'port of letters', line: changed(15, 'ZZZZ'), field: 'local_address' },
    { name: 'cut within the local address', line: valid.slice(0, 12), field: 'local_address' },
    { name: 'cut within the remote address', line: valid.slice(0, 25), field: 'rem_address' },
    { name: 'remote address of letters', line: changed(20, 'xxxxxxxx'), field: 'rem_address' },
    { name: 'cut before the state', line: valid.slice(0, 34), field: 'st' },
    { name: 'state of letters', line: changed(34, 'QQ'), field: 'st' },
    { name: 'an IPv4 line in the IPv6 table', line: valid, field: 'local_address', name6: true },
  ])('$name costs that line and is named by $field', ({ line, field, name6 }) => {
    const name = name6 ? 'net/tcp6' : 'net/tcp'
    const good = name6
      ? tcpLine(1, { local: `${'0'.repeat(32)}:0016`, state: '0A' })
      : tcpLine(1, { local: '00000000:0016', state: '0A' })
    const { sockets, faults } = socketsOf(name, table([line, good]))
    expect(sockets).toHaveLength(1)
    expect(faults).toMatchObject({ file: name, count: 1 })
    expect(faults?.first).toContain(`${name} line 2: ${field}: expected`)
  })

  test('the message quotes the text that would not do', () => {
    expect(socketsOf('net/tcp', table(['0100007F'])).faults?.first).toBe(
      'net/tcp line 2: sl: expected a number and a colon, got "0100007F"',
    )
  })
})

describe('addresses', () => {
  test.each([
    {
      name: 'IPv4',
      file: 'net/tcp',
      local: '0100007F:1F90',
      remote: '020200C0:0035',
      gives: '4 1 127.0.0.1 8080 192.0.2.2 53',
    },
    {
      name: 'IPv6',
      file: 'net/tcp6',
      local: 'B80D0120000000000000000001000000:01BB',
      remote: '00000000000000000000000001000000:0001',
      gives: '6 1 2001:db8::1 443 ::1 1',
    },
    {
      name: 'IPv4-mapped on both sides',
      file: 'net/tcp6',
      local: '0000000000000000FFFF00000100007F:1F90',
      remote: '0000000000000000FFFF00000200007F:0035',
      gives: '4 1 127.0.0.1 8080 127.0.0.2 53',
    },
    {
      name: 'IPv4-mapped listener',
      file: 'net/tcp6',
      local: '0000000000000000FFFF0000050000 0A:1F90'.replace(' ', ''),
      remote: `${'0'.repeat(32)}:0000`,
      gives: '4 1 10.0.0.5 8080 0.0.0.0 0',
    },
  ] as const)('$name', ({ file, local, remote, gives }) => {
    expect(socketsOf(file, table([tcpLine(0, { local, remote })])).sockets).toEqual([gives])
  })

  test('a machine that writes the other byte order', () => {
    const line = tcpLine(0, { local: '7F000001:1F90', remote: 'C0000202:0035' })
    expect(socketsOf('net/tcp', table([line]), { isLittleEndian: false }).sockets).toEqual([
      '4 1 127.0.0.1 8080 192.0.2.2 53',
    ])
  })

  test('sl grows beyond its four places', () => {
    const line = tcpLine(1_234_567, { local: '0100007F:1F90', remote: '0200007F:0035' })
    expect(socketsOf('net/tcp', table([line])).sockets).toHaveLength(1)
  })
})

describe('any bytes', () => {
  const whole = table(
    Array.from({ length: 5 }, (_, index) =>
      tcpLine(index, { local: '0100007F:1F90', remote: '0200007F:0035' }),
    ),
  )

  test('cut anywhere: every line before the cut, and the cut is told', () => {
    for (let length = 0; length < whole.length; length += 1) {
      const { sockets, faults } = socketsOf('net/tcp', whole.slice(0, length), { pieces: [97] })
      const complete = whole.slice(0, length).split('\n').length - 1
      expect(sockets).toHaveLength(Math.max(0, complete - 1))
      expect(faults === undefined).toBe(length === 0 || whole[length - 1] === '\n')
    }
  })

  test('pieces that cut a line change nothing', () => {
    const expected = socketsOf('net/tcp', whole)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (pieces) => {
        expect(socketsOf('net/tcp', whole, { pieces })).toEqual(expected)
      }),
    )
  })

  test('random bytes: no exception, each line is a socket or a fault', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2_000 }),
        fc.constantFrom<SocketTable>('net/tcp', 'net/udp6'),
        (bytes, name) => {
          const text = Buffer.concat([Buffer.from(`${TCP_HEADER}\n`), bytes])
          const { sockets, faults } = socketsOf(name, text)
          const lines = text.toString('latin1').split('\n')
          expect(sockets.length + (faults?.count ?? 0)).toBe(lines.length - 1 - (lines.at(-1) === '' ? 1 : 0))
        },
      ),
    )
  })

  test('one byte changed: never more than one line lost', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: TCP_HEADER.length + 1, max: whole.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, value) => {
          const bytes = Buffer.from(whole)
          bytes[at] = value
          // A newline lost or made joins or splits lines, so that two of them may be affected.
          expect(socketsOf('net/tcp', bytes).sockets.length).toBeGreaterThanOrEqual(3)
        },
      ),
    )
  })
})
