import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadCodec } from '../../src/report/codec.ts'
import { parseReply, type Reply } from '../../src/report/reply.ts'
import type { Plain } from '../../src/report/report.ts'

const json = await loadCodec('json')
const cbor = await loadCodec('cbor')

describe('unreadable replies', () => {
  const cases: { name: string; payload: Uint8Array; reason: RegExp }[] = [
    { name: 'nothing', payload: new Uint8Array(), reason: /not JSON/ },
    { name: 'cut', payload: Buffer.from('{"status":"ACC'), reason: /not JSON/ },
    { name: 'not UTF-8', payload: Buffer.from([0x7b, 0xff, 0x7d]), reason: /not JSON/ },
    { name: 'another format', payload: cbor.encode({ status: 'ACCEPTED' }), reason: /not JSON/ },
    { name: 'a list', payload: Buffer.from('[]'), reason: /expected an object, got a list/ },
    { name: 'a text', payload: Buffer.from('"ACCEPTED"'), reason: /expected an object, got string/ },
    { name: 'no status', payload: Buffer.from('{"reportId":1}'), reason: /status: .* got none/ },
    { name: 'another status', payload: Buffer.from('{"status":"MAYBE"}'), reason: /got MAYBE/ },
    { name: 'a status of another type', payload: Buffer.from('{"status":1}'), reason: /got none/ },
    { name: 'nested too deep', payload: Buffer.from('['.repeat(100_000)), reason: /not JSON/ },
    { name: 'too long', payload: new Uint8Array(131_073), reason: /131073 bytes/ },
  ]
  it.each(cases)('$name', ({ payload, reason }) => {
    const reply = parseReply(payload, json)
    expect(reply).toEqual({ kind: 'unreadable', reason: expect.stringMatching(reason) })
  })

  it.each([
    { name: 'nothing', hex: '' },
    { name: 'a map that is cut', hex: 'a2667374617475' },
    { name: 'a list said to have four thousand million entries', hex: '9affffffff' },
    { name: 'a list said to have 2^63 entries', hex: '9b7fffffffffffffff' },
    { name: 'a text said to be 4 GB long', hex: '7affffffff' },
    { name: 'more after the reply', hex: 'a0a0' },
    { name: 'nested too deep', hex: '81'.repeat(100_000) },
  ])('CBOR: $name', ({ hex }) => {
    expect(parseReply(Buffer.from(hex, 'hex'), cbor)).toMatchObject({ kind: 'unreadable' })
  })

  it('has a reason of bounded length', () => {
    const reply = parseReply(Buffer.from(JSON.stringify({ status: 'X'.repeat(100_000) })), json)
    expect(reply.kind === 'unreadable' && reply.reason.length).toBeLessThanOrEqual(500)
  })
})

describe('replies', () => {
  const cases: { name: string; document: Plain; reply: Reply }[] = [
    {
      name: 'accepted',
      document: {
        thingName: 'pump-3',
        reportId: 1_635_800_375,
        status: 'ACCEPTED',
        timestamp: 1_635_801_636_023,
      },
      reply: { kind: 'accepted', reportId: 1_635_800_375, at: 1_635_801_636_023 },
    },
    {
      name: 'accepted, as the troubleshooting page prints it',
      document: {
        thingName: 'pump-3',
        '12334567': 1_635_800_375,
        status: 'ACCEPTED',
        timestamp: 1_635_801_636_023,
      },
      reply: { kind: 'accepted', at: 1_635_801_636_023 },
    },
    {
      name: 'rejected without a report id, as the troubleshooting page prints it',
      document: {
        thingName: 'pump-3',
        status: 'REJECTED',
        statusDetails: { ErrorCode: 'InvalidPayload', ErrorMessage: 'Malformed metrics report' },
        timestamp: 1_635_802_047_699,
      },
      reply: {
        kind: 'rejected',
        code: 'InvalidPayload',
        message: 'Malformed metrics report',
        at: 1_635_802_047_699,
      },
    },
    {
      name: 'rejected with a report id',
      document: { reportId: 7, status: 'REJECTED', statusDetails: { ErrorCode: 'Throttled' } },
      reply: { kind: 'rejected', code: 'Throttled', reportId: 7 },
    },
    { name: 'rejected without details', document: { status: 'REJECTED' }, reply: { kind: 'rejected' } },
    {
      name: 'details of another shape',
      document: { status: 'REJECTED', statusDetails: ['InvalidPayload'], reportId: 'seven', timestamp: -1 },
      reply: { kind: 'rejected' },
    },
    {
      name: 'names as in a report',
      document: { status: 'ACCEPTED', report_id: 1_763_980_000_123 },
      reply: { kind: 'accepted', reportId: 1_763_980_000_123 },
    },
    {
      name: 'short names as in a report',
      document: { status: 'accepted', rid: 7 },
      reply: { kind: 'accepted', reportId: 7 },
    },
    {
      name: 'details of enormous length',
      document: { status: 'REJECTED', statusDetails: { ErrorCode: 'x'.repeat(9_999) } },
      reply: { kind: 'rejected', code: 'x'.repeat(500) },
    },
  ]
  it.each(cases)('$name, in JSON', ({ document, reply }) => {
    expect(parseReply(json.encode(document), json)).toEqual(reply)
  })
  it.each(cases)('$name, in CBOR', ({ document, reply }) => {
    expect(parseReply(cbor.encode(document), cbor)).toEqual(reply)
  })
})

describe('whatever the bytes', () => {
  const kinds = ['accepted', 'rejected', 'unreadable']
  it('parseReply answers with a value', () => {
    const bytes = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(bytes, fc.constantFrom(json, cbor), (payload, codec) => {
        expect(kinds).toContain(parseReply(payload, codec).kind)
      }),
      { numRuns: 1_000 },
    )
  })

  it('and whatever is changed in a real reply', () => {
    const document = {
      status: 'REJECTED',
      statusDetails: { ErrorCode: 'InvalidPayload' },
      reportId: 1_763_980_000_123,
    }
    const change = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1 }), fc.constantFrom(json, cbor), (changes, codec) => {
        const payload = Uint8Array.from(codec.encode(document))
        for (const { at, to } of changes) payload[at % payload.length] = to
        expect(kinds).toContain(parseReply(payload, codec).kind)
      }),
      { numRuns: 1_000 },
    )
  })

  it('and whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(kinds).toContain(parseReply(Buffer.from(text), json).kind)
      }),
    )
  })
})
