import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CustomMetricError, customMetricNameFault, parseCustomMetric } from '../../src/metrics/custom.ts'
import type { CustomMetricType, CustomMetricValue } from '../../src/metrics/snapshot.ts'

describe('names', () => {
  it.each([
    { name: '', fault: /empty/ },
    { name: 'x'.repeat(129), fault: /129 characters, at most 128/ },
    { name: 'battery level', fault: /other than letters/ },
    { name: 'battery.level', fault: /other than letters/ },
    { name: 'batterie-füllstand', fault: /other than letters/ },
    { name: 'line\n', fault: /other than letters/ },
    { name: 'aws:all-bytes-in', fault: /begins with "aws:"/ },
  ])('"$name" is none', ({ name, fault }) => {
    expect(customMetricNameFault(name)).toMatch(fault)
  })

  it.each(['x', 'x'.repeat(128), 'pump:7_rpm-max', 'AWS:x', '__proto__'])('"%s" is one', (name) => {
    expect(customMetricNameFault(name)).toBeUndefined()
  })
})

interface Case {
  readonly name: string
  readonly type: CustomMetricType
  readonly text: string
  readonly pointer?: string
}

describe('refused', () => {
  const many = Array(1_001).fill('1').join('\n')
  const cases: (Case & { fails: RegExp })[] = [
    { name: 'no text', type: 'number', text: ' \n', fails: /text: expected a number, got ""/ },
    { name: 'words', type: 'number', text: 'N/A', fails: /got "N\/A"/ },
    { name: 'a unit', type: 'number', text: '21.5 C', fails: /got "21.5 C"/ },
    { name: 'two numbers', type: 'number', text: '1\n2', fails: /got "1\\n2"/ },
    { name: 'hexadecimal', type: 'number', text: '0x1f', fails: /got "0x1f"/ },
    { name: 'a decimal comma', type: 'number', text: '1,5', fails: /got "1,5"/ },
    { name: 'infinity', type: 'number', text: 'Infinity', fails: /got "Infinity"/ },
    { name: 'not a number', type: 'number', text: 'nan', fails: /got "nan"/ },
    { name: 'a lone point', type: 'number', text: '.', fails: /got "."/ },
    {
      name: 'more than a float holds',
      type: 'number',
      text: '1e999',
      fails: /Infinity has more than the 15 digits/,
    },
    {
      name: 'more than 15 digits',
      type: 'number',
      text: '1000000000000000',
      fails: /more than the 15 digits/,
    },
    { name: 'nanoseconds since the epoch', type: 'number', text: '-1763980000123456789', fails: /15 digits/ },
    {
      name: 'one bad line',
      type: 'number-list',
      text: '1\n\n2\nthree\n',
      fails: /line 4: expected a number, got "three"/,
    },
    { name: 'numbers in one line', type: 'number-list', text: '1 2', fails: /line 1: .* got "1 2"/ },
    {
      name: 'more than can be compared',
      type: 'number-list',
      text: many,
      fails: /1001 values, at most 1000/,
    },
    {
      name: 'a blank inside',
      type: 'string-list',
      text: 'ok\nnot ok',
      fails: /line 2: "not ok": AWS keeps only/,
    },
    { name: 'a letter outside ASCII', type: 'string-list', text: 'brücke', fails: /line 1: "brücke"/ },
    {
      name: 'an address range',
      type: 'ip-address-list',
      text: '192.0.2.0/24',
      fails: /line 1: expected an IPv4 or IPv6/,
    },
    {
      name: 'an address with a port',
      type: 'ip-address-list',
      text: '192.0.2.1:80',
      fails: /expected an IPv4 or IPv6/,
    },
    {
      name: 'no address',
      type: 'ip-address-list',
      text: '::1\n192.0.2.256',
      fails: /line 2: .* got "192.0.2.256"/,
    },
    {
      name: 'an address with a zone',
      type: 'ip-address-list',
      text: 'fe80::1%eth0',
      fails: /got "fe80::1%eth0"/,
    },
    {
      name: 'a long line is not printed whole',
      type: 'ip-address-list',
      text: 'x'.repeat(9_999),
      fails: /^.{1,140}$/,
    },
    { name: 'not JSON', type: 'number', text: '{"a":', pointer: '/a', fails: /not JSON: "{\\"a\\":"/ },
    {
      name: 'no such member',
      type: 'number',
      text: '{"a":1}',
      pointer: '/b',
      fails: /\/b: nothing there, no "b" in an object/,
    },
    { name: 'no member of a number', type: 'number', text: '{"a":1}', pointer: '/a/b', fails: /no "b" in 1/ },
    { name: 'no member of null', type: 'number', text: 'null', pointer: '/a', fails: /no "a" in null/ },
    { name: 'an inherited member', type: 'number', text: '{}', pointer: '/toString', fails: /nothing there/ },
    { name: 'the length of a list', type: 'number', text: '[1]', pointer: '/length', fails: /nothing there/ },
    { name: 'past the end of a list', type: 'number', text: '[1]', pointer: '/1', fails: /no "1" in a list/ },
    {
      name: 'the place after the last',
      type: 'number',
      text: '[1]',
      pointer: '/-',
      fails: /no "-" in a list/,
    },
    { name: 'a leading zero', type: 'number', text: '[1,2]', pointer: '/01', fails: /no "01" in a list/ },
    { name: 'no pointer', type: 'number', text: '{"a":1}', pointer: 'a', fails: /"a" is not a JSON pointer/ },
    { name: 'a bad escape', type: 'number', text: '{"~2":1}', pointer: '/~2', fails: /not a JSON pointer/ },
    {
      name: 'a number in quotes',
      type: 'number',
      text: '{"a":"1"}',
      pointer: '/a',
      fails: /\/a: expected a number, got "1"/,
    },
    {
      name: 'an object for a number',
      type: 'number',
      text: '{"a":{}}',
      pointer: '/a',
      fails: /got an object/,
    },
    {
      name: 'a number for a list',
      type: 'number-list',
      text: '{"a":1}',
      pointer: '/a',
      fails: /\/a: expected a list, got 1/,
    },
    {
      name: 'a number among strings',
      type: 'string-list',
      text: '["a",1]',
      pointer: '',
      fails: /\/1: 1: AWS keeps only/,
    },
    { name: 'an empty string', type: 'string-list', text: '[""]', pointer: '', fails: /\/0: ""/ },
    {
      name: 'no address in JSON',
      type: 'ip-address-list',
      text: '{"a":["x"]}',
      pointer: '/a',
      fails: /\/a\/0: expected/,
    },
  ]
  it.each(cases)('$type: $name', ({ type, text, pointer, fails }) => {
    const attempt = () => parseCustomMetric(type, text, pointer)
    expect(attempt).toThrow(CustomMetricError)
    expect(attempt).toThrow(fails)
  })
})

describe('taken', () => {
  const cases: (Case & { gives: CustomMetricValue })[] = [
    { name: 'an integer', type: 'number', text: '42\n', gives: { type: 'number', number: 42 } },
    { name: 'a negative one', type: 'number', text: ' -7 ', gives: { type: 'number', number: -7 } },
    {
      name: 'a sign and an exponent',
      type: 'number',
      text: '+1.5E3',
      gives: { type: 'number', number: 1500 },
    },
    { name: 'an open fraction', type: 'number', text: '5.', gives: { type: 'number', number: 5 } },
    { name: 'no integer part', type: 'number', text: '.5', gives: { type: 'number', number: 0.5 } },
    {
      name: '15 digits',
      type: 'number',
      text: '999999999999999',
      gives: { type: 'number', number: 999_999_999_999_999 },
    },
    {
      name: 'a third is rounded to 15 digits',
      type: 'number',
      text: '0.33333333333333331',
      gives: { type: 'number', number: 0.333333333333333 },
    },
    {
      name: 'in JSON',
      type: 'number',
      text: '{"a/b":{"m~n":[0,2.5]}}',
      pointer: '/a~1b/m~0n/1',
      gives: { type: 'number', number: 2.5 },
    },
    { name: 'JSON as a whole', type: 'number', text: '3', pointer: '', gives: { type: 'number', number: 3 } },
    {
      name: 'a member with an empty name',
      type: 'number',
      text: '{"":3}',
      pointer: '/',
      gives: { type: 'number', number: 3 },
    },
    { name: 'no lines', type: 'number-list', text: '', gives: { type: 'number-list', numbers: [] } },
    {
      name: 'blank lines and line ends of Windows',
      type: 'number-list',
      text: '1\r\n\r\n -2\r\n1\r\n',
      gives: { type: 'number-list', numbers: [1, -2, 1] },
    },
    {
      name: 'a list in JSON',
      type: 'number-list',
      text: '{"a":[1,-2]}',
      pointer: '/a',
      gives: { type: 'number-list', numbers: [1, -2] },
    },
    {
      name: 'all characters that AWS keeps',
      type: 'string-list',
      text: 'value_1\na:b-c/d.e\n',
      gives: { type: 'string-list', strings: ['value_1', 'a:b-c/d.e'] },
    },
    {
      name: 'digits stay text',
      type: 'string-list',
      text: '007',
      gives: { type: 'string-list', strings: ['007'] },
    },
    {
      name: 'both families',
      type: 'ip-address-list',
      text: '192.0.2.1\n2001:db8::1\n::ffff:192.0.2.1\n',
      gives: { type: 'ip-address-list', ips: ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1'] },
    },
    {
      name: 'addresses in JSON',
      type: 'ip-address-list',
      text: '["::1"]',
      pointer: '',
      gives: { type: 'ip-address-list', ips: ['::1'] },
    },
  ]
  it.each(cases)('$type: $name', ({ type, text, pointer, gives }) => {
    expect(parseCustomMetric(type, text, pointer)).toEqual(gives)
  })
})

describe('whatever the text', () => {
  const anyType = fc.constantFrom<CustomMetricType>('number', 'number-list', 'string-list', 'ip-address-list')
  const anyText = fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' }))
  const anyPointer = fc.option(fc.oneof(fc.string(), fc.constantFrom('', '/0', '/a')), { nil: undefined })

  it('there is a value of the type asked for, or a CustomMetricError', () => {
    fc.assert(
      fc.property(anyType, anyText, anyPointer, (type, text, pointer) => {
        try {
          expect(parseCustomMetric(type, text, pointer).type).toBe(type)
        } catch (error) {
          if (!(error instanceof CustomMetricError)) throw error
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('a number of up to 15 digits is what was printed', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 13), max: 10 ** 13 }), fc.nat({ max: 9 }), (whole, tenth) => {
        const text = `${whole}.${tenth}`
        expect(parseCustomMetric('number', text)).toEqual({ type: 'number', number: Number(text) + 0 })
      }),
    )
  })
})
