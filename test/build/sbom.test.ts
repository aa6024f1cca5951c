/** The bill of materials against what CycloneDX 1.6 requires of the parts that we write (cyclonedx.org/docs/1.6/json). */
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import type { BundledPackage } from '../../scripts/build/packages.ts'
import { billOfMaterials } from '../../scripts/build/sbom.ts'

const licenses = {
  type: 'array',
  items: {
    oneOf: [
      {
        type: 'object',
        required: ['license'],
        additionalProperties: false,
        properties: {
          license: {
            type: 'object',
            required: ['id'],
            properties: { id: { type: 'string', pattern: '^[\\w.+-]+$' } },
          },
        },
      },
      {
        type: 'object',
        required: ['expression'],
        additionalProperties: false,
        properties: { expression: { type: 'string', pattern: ' (AND|OR|WITH) ' } },
      },
    ],
  },
}
const component = {
  type: 'object',
  required: ['type', 'name', 'bom-ref', 'version'],
  additionalProperties: false,
  properties: {
    type: { enum: ['application', 'library', 'platform'] },
    'bom-ref': { type: 'string', minLength: 1 },
    name: { type: 'string', minLength: 1 },
    version: { type: 'string', maxLength: 1024 },
    purl: { type: 'string', pattern: '^pkg:npm/(%40[\\w.-]+/)?[\\w.-]+@\\d' },
    licenses,
    hashes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['alg', 'content'],
        properties: {
          alg: { enum: ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] },
          content: { type: 'string', pattern: '^([a-f0-9]{40}|[a-f0-9]{64}|[a-f0-9]{96}|[a-f0-9]{128})$' },
        },
      },
    },
    pedigree: { type: 'object', properties: { notes: { type: 'string' } } },
  },
}
const schema = {
  type: 'object',
  required: ['bomFormat', 'specVersion', 'serialNumber', 'version', 'metadata', 'components', 'dependencies'],
  additionalProperties: false,
  properties: {
    bomFormat: { const: 'CycloneDX' },
    specVersion: { const: '1.6' },
    serialNumber: {
      type: 'string',
      pattern: '^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
    },
    version: { type: 'integer', minimum: 1 },
    metadata: {
      type: 'object',
      additionalProperties: false,
      properties: { lifecycles: { const: [{ phase: 'build' }] }, component },
    },
    components: { type: 'array', uniqueItems: true, items: component },
    dependencies: {
      type: 'array',
      items: {
        type: 'object',
        required: ['ref'],
        properties: {
          ref: { type: 'string' },
          dependsOn: { type: 'array', items: { type: 'string' }, uniqueItems: true },
        },
      },
    },
    compositions: { type: 'array', items: { type: 'object', required: ['aggregate'] } },
  },
}
const validate = new Ajv({ allErrors: true }).compile(schema)

const subject = { name: 'product', version: '1.2.3', license: 'Apache-2.0' }
const plain: BundledPackage = {
  name: 'plain',
  version: '2.0.0',
  license: 'MIT',
  folder: 'node_modules/plain',
}
const scoped: BundledPackage = {
  name: '@scope/name',
  version: '1.0.0',
  license: '(MIT OR Apache-2.0)',
  folder: 'node_modules/@scope/name',
  integrity: `sha512-${Buffer.alloc(64, 1).toString('base64')}`,
  change: 'Half of it.',
}
const made = (packages: readonly BundledPackage[]) => JSON.parse(billOfMaterials(subject, packages))

test('has the form that CycloneDX asks for', () => {
  const valid = validate(made([scoped, plain]))
  expect(validate.errors).toBeNull()
  expect(valid).toBe(true)
})

test('the schema notices what is wrong', () => {
  const { serialNumber, ...without } = made([plain])
  expect(validate(without)).toBe(false)
  expect(validate({ ...without, serialNumber, components: [{ type: 'library' }] })).toBe(false)
})

test('names each package by its package URL, with its license, its digest and what was changed', () => {
  expect(made([plain, scoped]).components).toEqual([
    {
      type: 'library',
      'bom-ref': 'pkg:npm/%40scope/name@1.0.0',
      name: '@scope/name',
      version: '1.0.0',
      purl: 'pkg:npm/%40scope/name@1.0.0',
      licenses: [{ expression: '(MIT OR Apache-2.0)' }],
      hashes: [{ alg: 'SHA-512', content: '01'.repeat(64) }],
      pedigree: { notes: 'Half of it.' },
    },
    {
      type: 'library',
      'bom-ref': 'pkg:npm/plain@2.0.0',
      name: 'plain',
      version: '2.0.0',
      purl: 'pkg:npm/plain@2.0.0',
      licenses: [{ license: { id: 'MIT' } }],
    },
  ])
})

test('everything that is depended on is among the components, once', () => {
  const twice = { ...plain, folder: 'node_modules/scoped/node_modules/plain' }
  const { components, dependencies } = made([plain, scoped, twice])
  const refs = components.map((each: { 'bom-ref': string }) => each['bom-ref'])
  expect(refs).toHaveLength(2)
  expect(dependencies[0]).toEqual({ ref: 'pkg:generic/product@1.2.3', dependsOn: refs })
})

describe('the serial number', () => {
  test('is the same for the same contents', () => {
    expect(billOfMaterials(subject, [plain, scoped])).toBe(billOfMaterials(subject, [scoped, plain]))
  })
  test('is another for others', () => {
    expect(made([plain]).serialNumber).not.toBe(made([{ ...plain, version: '2.0.1' }]).serialNumber)
  })
})

test('an integrity in another form is refused, rather than left out', () => {
  expect(() => made([{ ...plain, integrity: 'md5-AAAA' }])).toThrow(
    /not an integrity that npm writes: md5-AAAA/,
  )
})
