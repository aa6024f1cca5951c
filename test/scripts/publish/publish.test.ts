/** `defender publish`: what it plans, does, leaves alone and refuses. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BuildRequest } from '../../../scripts/publish/run.ts'
import { useCredentials } from '../../aws/credentials.ts'
import { addBucket } from '../../aws/s3/state.ts'
import { EXPIRED_KEY } from '../../aws/server.ts'
import { ARTIFACT, type Bench, BUCKET, DOCKER, holdings, openBench, VARIABLES } from './bench.ts'
import { NAME, recipeText } from './recipes.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

const arn = (name: string, version = '1.2.3') =>
  `arn:aws:greengrass:eu-west-1:123456789012:components:${name}:versions:${version}`
const key = (name: string, version = '1.2.3') => `${name}/${version}/agent.zip`
const operations = () => bench.aws.calls.map(({ operation }) => operation)
const changes = () => bench.aws.changes().map(({ operation }) => operation)
const bucket = () => bench.aws.account.buckets.get(BUCKET) ?? addBucket(bench.aws.account, { name: BUCKET })
const publish = (...words: string[]) => bench.run(['publish', '--yes', ...words])
const DIGEST_TAG = 'greengrass-defender:content-sha256'

/** Another content under the same version. */
const changeArtifact = (content: string | Uint8Array = 'other') =>
  bench.write({ [ARTIFACT]: content, [`greengrass-build/artifacts/${DOCKER}/1.2.3/agent.zip`]: content })

/** The native variant alone, with this artifact. */
const onlyOne = (content: Uint8Array) =>
  bench.write({ [ARTIFACT]: content, [`greengrass-build/recipes/${DOCKER}.yaml`]: undefined })
/** Two parts. */
const LARGE_BYTES = 9 * 1024 * 1024

describe('what was not published yet', () => {
  test('is planned, and --dry-run changes nothing', async () => {
    const { status, out, err } = await bench.run(['publish', '--dry-run'])
    expect(err).toBe('')
    expect(status).toBe(0)
    expect(out).toBe(`account 123456789012, eu-west-1, bucket ${BUCKET}
  + upload  s3://${BUCKET}/${key(DOCKER)} (3 B)
  + upload  s3://${BUCKET}/${key(NAME)} (3 B)
  + create  ${DOCKER} 1.2.3
  + create  ${NAME} 1.2.3
  . wait    until ${DOCKER} 1.2.3 is deployable
  . wait    until ${NAME} 1.2.3 is deployable
${out.match(/^6 steps, plan [0-9a-f]{12}\.\n/m)?.[0]}`)
    expect(changes()).toEqual([])
  })

  test('is uploaded with its checksum, created with its digest, and waited for', async () => {
    const { status, out, err } = await publish()
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toMatch(/wait {4}until com\.example\.Agent 1\.2\.3 is deployable: done\n$/)
    expect(changes()).toEqual(['PutObject', 'PutObject', 'CreateComponentVersion', 'CreateComponentVersion'])
    const sha256 = createHash('sha256').update('zip').digest('hex')
    const stored = bucket().objects.get(key(NAME))
    expect(stored?.metadata).toEqual({ sha256 })
    expect(stored?.checksum).toMatchObject({
      algorithm: 'sha256',
      value: Buffer.from(sha256, 'hex').toString('base64'),
    })
    const recipe = JSON.stringify(bench.greengrass.components.get(arn(NAME))?.recipe)
    expect(recipe).toContain(`s3://${BUCKET}/${key(NAME)}`)
    expect(recipe).not.toContain('BUCKET_NAME')
    expect(bench.greengrass.tags.get(arn(NAME))?.get(DIGEST_TAG)).toMatch(/^[0-9a-f]{64}$/)
    // Both become deployable in two seconds of the stand-in's: nobody asked for half a minute.
    expect(operations().filter((each) => each === 'DescribeComponent').length).toBeLessThan(10)
  })

  test('for programs: one document with name, version, ARN and digest of each', async () => {
    const { out } = await publish('--output', 'json')
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'complete',
      bucket: BUCKET,
      components: [
        { name: DOCKER, version: '1.2.3', arn: arn(DOCKER), state: 'DEPLOYABLE' },
        {
          name: NAME,
          version: '1.2.3',
          arn: arn(NAME),
          state: 'DEPLOYABLE',
          sha256: bench.greengrass.tags.get(arn(NAME))?.get(DIGEST_TAG),
        },
      ],
      notDone: [],
    })
  })

  test('for programs the state is that at the end, when the operator was asked too', async () => {
    const { out } = await bench.run(['publish', '--output', 'json'], { confirm: async () => true })
    const { outcome, components } = JSON.parse(out) as { outcome: string; components: { state: string }[] }
    expect({ outcome, states: components.map(({ state }) => state) }).toEqual({
      outcome: 'complete',
      states: ['DEPLOYABLE', 'DEPLOYABLE'],
    })
  })

  test('is asked for, and a no changes nothing', async () => {
    const { status, err } = await bench.run(['publish'], { confirm: async () => false })
    expect({ status, err }).toEqual({ status: 1, err: 'nothing was changed\n' })
    expect(changes()).toEqual([])
  })

  test('a yes to a plan that became another one meanwhile changes nothing', async () => {
    const confirm = async () => {
      bench.aws.account.buckets.delete(BUCKET)
      return true
    }
    const { status, err } = await bench.run(['publish'], { confirm })
    expect(status).toBe(1)
    expect(err).toMatch(/meanwhile the plan became another one/)
    expect(changes()).toEqual([])
  })

  test('a fingerprint is for one plan only', async () => {
    const { err } = await bench.run(['publish'])
    const [fingerprint = ''] = /(?<=--fingerprint )[0-9a-f]{12}/.exec(err) ?? []
    expect(err).toMatch(/nobody is there to be asked/)
    changeArtifact()
    const other = await bench.run(['publish', '--fingerprint', fingerprint])
    expect(other.status).toBe(1)
    expect(other.err).toMatch(new RegExp(`the plan is no longer ${fingerprint}`))
    changeArtifact('zip')
    expect((await bench.run(['publish', '--fingerprint', fingerprint])).status).toBe(0)
  })
})

describe('what is published already', () => {
  test('is left alone, and S3 is not even asked', async () => {
    await publish()
    bench.aws.calls.length = 0
    const { status, out, err } = await bench.run(['publish'])
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toMatch(/ {2}= com\.example\.Agent 1\.2\.3 is published so already\nNothing to do\.\n$/)
    expect(operations()).toEqual(['GetCallerIdentity', 'DescribeComponent', 'DescribeComponent'])
  })

  test('with other content it is refused, and the next free version named', async () => {
    await publish()
    changeArtifact()
    bench.aws.calls.length = 0
    const { status, err } = await publish()
    expect(status).toBe(1)
    expect(err).toContain(
      `${NAME} 1.2.3 is published already, with other content, and a version never changes: publish this one as 1.2.4`,
    )
    expect(changes()).toEqual([])
  })

  test('one of two with other content: neither is published', async () => {
    await publish()
    bench.write({
      [`greengrass-build/recipes/${DOCKER}.yaml`]: recipeText({ name: DOCKER, version: '1.3.0' }),
      [`greengrass-build/artifacts/${DOCKER}/1.3.0/agent.zip`]: 'other',
      [ARTIFACT]: 'other',
    })
    bench.aws.calls.length = 0
    const { status, out } = await publish('--output', 'json')
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'refused',
      components: [
        { name: DOCKER, version: '1.3.0', state: 'ABSENT' },
        { name: NAME, state: 'OTHER' },
      ],
    })
    expect(changes()).toEqual([])
  })

  test('by other means, without our tag: its recipe and digests are compared', async () => {
    await publish()
    bench.greengrass.tags.clear()
    expect((await bench.run(['publish'])).out).toContain('Nothing to do.')
    changeArtifact()
    expect((await bench.run(['publish'])).err).toContain('with other content')
  })

  test('with NEXT_PATCH the same content is nothing new, and other content the next patch', async () => {
    bench.write({
      [`greengrass-build/recipes/${DOCKER}.yaml`]: undefined,
      'greengrass-build/recipes/recipe.yaml': undefined,
      [`greengrass-build/recipes/${NAME}.yaml`]: recipeText({ version: 'NEXT_PATCH' }),
      [`greengrass-build/artifacts/${NAME}/NEXT_PATCH/agent.zip`]: 'zip',
    })
    expect((await publish()).out).toContain(`create  ${NAME} 0.0.1: done`)
    expect((await publish()).out).toContain('Nothing to do.')
    bench.write({ [`greengrass-build/artifacts/${NAME}/NEXT_PATCH/agent.zip`]: 'zap' })
    expect((await publish()).out).toContain(`create  ${NAME} 0.0.2: done`)
    expect(bench.greengrass.components.has(arn(NAME, '0.0.2'))).toBe(true)
    expect(bucket().objects.has(key(NAME, '0.0.2'))).toBe(true)
  })
})

describe('artifacts', () => {
  test('that are there with the same checksum are not uploaded again', async () => {
    await publish()
    bench.greengrass.components.clear()
    bench.aws.calls.length = 0
    expect((await publish()).status).toBe(0)
    expect(changes()).toEqual(['CreateComponentVersion', 'CreateComponentVersion'])
  })

  test('that others uploaded without our checksum are read', async () => {
    await publish()
    bench.greengrass.components.clear()
    for (const [name, object] of bucket().objects) {
      const { checksum: _, ...rest } = object
      bucket().objects.set(name, { ...rest, metadata: {} })
    }
    bench.aws.calls.length = 0
    expect((await publish()).status).toBe(0)
    expect(operations()).toContain('GetObject')
    expect(changes()).not.toContain('PutObject')
  })

  test.each([
    { name: 'of the same size', content: 'ZIP' },
    { name: 'of another size', content: 'other' },
  ])('that are there with other content, $name, are never replaced', async ({ content }) => {
    await publish()
    bench.greengrass.components.clear()
    changeArtifact(content)
    bench.aws.calls.length = 0
    const { status, err } = await publish()
    expect(status).toBe(1)
    expect(err).toContain(`s3://${BUCKET}/${key(NAME)} is there with other content, and is not replaced`)
    expect(changes()).toEqual([])
  })

  test('an upload that another one came before is compared, and not made twice', async () => {
    const uninstall = bench.aws.onCall(({ operation }) => {
      // Between the plan and the upload somebody else puts another object there.
      if (operation !== 'HeadObject') return
      const other = { body: Buffer.from('abc'), etag: 'x', contentType: 'x', metadata: {}, modifiedAt: 0 }
      bucket().objects.set(key(DOCKER), other)
      uninstall()
    })
    const { status, err } = await publish()
    expect(status).toBe(1)
    expect(err).toMatch(/upload s3:.* failed: s3:.*is there with other content, and is not replaced/)
    expect(bucket().objects.get(key(DOCKER))?.body.toString()).toBe('abc')
  })

  test('of more than 8 MB go in parts, with progress', async () => {
    const large = new Uint8Array(LARGE_BYTES).fill(7, LARGE_BYTES / 2)
    onlyOne(large)
    const lines: string[] = []
    const { status, err } = await bench.run(['publish', '--yes'], { progress: (line) => lines.push(line) })
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(operations().filter((each) => each === 'UploadPart')).toHaveLength(2)
    expect(bucket().objects.get(key(NAME))?.body.equals(large)).toBe(true)
    expect(lines).toContainEqual(expect.stringMatching(/^agent\.zip \[#{24}\] 100 % of 9\.4 MB$/))
    // Found again by the checksum of the whole, which S3 itself does not have of an object in parts.
    bench.greengrass.components.clear()
    bench.aws.calls.length = 0
    expect((await publish()).status).toBe(0)
    expect(operations()).not.toContain('UploadPart')
    expect(operations()).not.toContain('GetObject')
  })

  test('in parts: an interruption takes the parts away again', async () => {
    onlyOne(new Uint8Array(LARGE_BYTES))
    const controller = new AbortController()
    bench.aws.onCall(({ operation }) => {
      if (operation === 'UploadPart') controller.abort()
    })
    const interruption = () => ({ signal: controller.signal, stop: () => {} })
    const { status, err } = await bench.run(['publish', '--yes'], { interruption })
    expect(status).toBe(1)
    expect(err).toMatch(/^interrupted before or during: upload s3:/)
    expect(holdings(bench)).toMatchObject({ objects: [], uploadsOpen: 0, components: [] })
    expect((await publish()).status).toBe(0)
  })
})

describe('a version that failed', () => {
  const uri = `s3://${BUCKET}/${key(NAME)}`
  beforeEach(() => {
    bench.greengrass.artifactFaults.set(uri, 'The artifact is too large')
  })

  test('is shown by artifact, with what to do', async () => {
    const { status, out, err } = await publish('--output', 'json')
    expect(status).toBe(1)
    expect(err).toContain(`${uri}: The artifact is too large`)
    // What is in the bucket already cannot become better under this version.
    expect(err).toMatch(/\n {2}If it is what is in an artifact: .* publish it under a new version/)
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'component-failed' },
      components: [{ state: 'DEPLOYABLE' }, { name: NAME, state: 'FAILED' }],
    })
  })

  test('is deleted and created anew, which the plan says', async () => {
    await publish()
    bench.greengrass.artifactFaults.clear()
    bench.aws.calls.length = 0
    const plan = await bench.run(['publish', '--dry-run'])
    expect(plan.out).toContain(`- delete  ${NAME} 1.2.3, which failed and was never deployable\n`)
    expect(plan.out).toContain(`        ${uri}: The artifact is too large\n`)
    expect((await publish()).status).toBe(0)
    expect(changes()).toEqual(['DeleteComponent', 'CreateComponentVersion'])
    expect((await publish()).out).toContain('Nothing to do.')
  })
})

describe('a version that failed when the plan was made, and by the time of its deletion', () => {
  const failFirst = async () => {
    bench.greengrass.artifactFaults.set(`s3://${BUCKET}/${key(NAME)}`, 'AWS could not read it')
    await publish()
    bench.greengrass.artifactFaults.clear()
    bench.aws.calls.length = 0
  }
  /** What somebody else does once the plan is made. */
  const afterPlan = (meanwhile: () => void) => {
    let questions = 0
    const uninstall = bench.aws.onCall(({ operation }) => {
      if (operation !== 'DescribeComponent') return
      questions += 1
      // The plan looks at both versions.
      if (questions < 2) return
      uninstall()
      meanwhile()
    })
  }
  const published = () => bench.greengrass.components.get(arn(NAME))
  const makeGood = (recipe?: Readonly<Record<string, unknown>>) => {
    const stored = published()
    if (stored === undefined) throw new Error('nothing to make good')
    const { recipe: before, ...rest } = stored
    bench.greengrass.components.set(arn(NAME), { ...rest, errors: {}, recipe: recipe ?? before })
  }

  test('is good, with the same content: it stays, and all is done', async () => {
    await failFirst()
    afterPlan(() => makeGood())
    expect(await publish()).toMatchObject({ status: 0, err: '' })
    expect(changes()).not.toContain('DeleteComponent')
    expect(published()?.errors).toEqual({})
  })

  test('is good, with other content: it stays, and the command says so', async () => {
    await failFirst()
    const theirs = { ComponentName: NAME, ComponentVersion: '1.2.3' }
    afterPlan(() => {
      makeGood(theirs)
      bench.greengrass.tags.delete(arn(NAME))
    })
    const { status, err } = await publish()
    expect(status).toBe(1)
    expect(err).toMatch(
      /^delete .* failed: .* has meanwhile been published by somebody else, with other content/,
    )
    expect(changes()).toEqual([])
    expect(published()?.recipe).toEqual(theirs)
  })

  test('is gone: it is created', async () => {
    await failFirst()
    afterPlan(() => bench.greengrass.components.delete(arn(NAME)))
    expect((await publish()).status).toBe(0)
    expect(changes()).toEqual(['CreateComponentVersion'])
  })
})

test('with NEXT_PATCH, other artifacts than those of a version that failed are the next patch', async () => {
  const artifact = `greengrass-build/artifacts/${NAME}/NEXT_PATCH/agent.zip`
  bench.write({
    [`greengrass-build/recipes/${DOCKER}.yaml`]: undefined,
    'greengrass-build/recipes/recipe.yaml': undefined,
    [`greengrass-build/recipes/${NAME}.yaml`]: recipeText({ version: 'NEXT_PATCH' }),
    [artifact]: 'zip',
  })
  bench.greengrass.artifactFaults.set(`s3://${BUCKET}/${key(NAME, '0.0.1')}`, 'faulty')
  expect((await publish()).status).toBe(1)
  bench.write({ [artifact]: 'better' })
  expect(await publish()).toMatchObject({ status: 0, err: '' })
  expect(bench.greengrass.components.has(arn(NAME, '0.0.2'))).toBe(true)
})

test('an artifact elsewhere is part of the content: another place for it is another content', async () => {
  const at = (uri: string) =>
    recipeText().replace(/^( *)- Uri: /m, (line, indent: string) => `${indent}- Uri: ${uri}\n${line}`)
  const write = (uri: string) => bench.write({ [`greengrass-build/recipes/${NAME}.yaml`]: at(uri) })
  bench.write({
    [`greengrass-build/recipes/${DOCKER}.yaml`]: undefined,
    'greengrass-build/recipes/recipe.yaml': undefined,
  })
  for (const name of ['models-one', 'models-two']) {
    const object = { body: Buffer.from(name), etag: 'x', contentType: 'x', metadata: {}, modifiedAt: 0 }
    addBucket(bench.aws.account, { name }).objects.set('models/model.zip', object)
  }
  write('s3://models-one/models/model.zip')
  const first = await publish()
  expect(first.err).toContain('s3://models-one/models/model.zip is not among the artifacts')
  write('s3://models-two/models/model.zip')
  expect((await publish()).err).toContain(`${NAME} 1.2.3 is published already, with other content`)
  // By the recipes alone it is told as well.
  bench.greengrass.tags.clear()
  expect((await publish()).err).toContain('with other content')
  write('s3://models-one/models/model.zip')
  expect((await publish()).out).toContain('Nothing to do.')
})

describe('waiting', () => {
  test('ends after --timeout, and the next run goes on with it', async () => {
    bench.greengrass.componentTimes = { initiatedMs: 1000, settledMs: 60_000 }
    const { status, err } = await publish('--timeout', '10')
    expect(status).toBe(1)
    expect(err).toMatch(/is still INITIATED after 10 s: run the command again to go on waiting/)
    bench.aws.calls.length = 0
    const again = await publish()
    expect(again.status).toBe(0)
    expect(again.out).toMatch(/\. wait .*: done/)
    expect(changes()).toEqual([])
  })

  test('is interrupted, and the next run goes on with it', async () => {
    const controller = new AbortController()
    bench.aws.onCall(({ operation }) => {
      if (operation === 'CreateComponentVersion') controller.abort()
    })
    const interruption = () => ({ signal: controller.signal, stop: () => {} })
    const { status, err } = await bench.run(['publish', '--yes'], { interruption })
    expect(status).toBe(1)
    expect(err).toMatch(/^interrupted before or during: create/)
    expect(bench.greengrass.components.size).toBe(1)
    expect((await publish()).status).toBe(0)
    expect(bench.greengrass.components.size).toBe(2)
  })
})

describe('somebody else', () => {
  const publishFirst = (content: object) => {
    const uninstall = bench.aws.onCall(({ operation }) => {
      if (operation !== 'PutObject') return
      uninstall()
      const stored = {
        arn: arn(NAME),
        name: NAME,
        version: '1.2.3',
        format: 'JSON' as const,
        recipe: { ...content },
        createdMs: 0,
        errors: {},
      }
      bench.greengrass.components.set(arn(NAME), stored)
    })
  }

  test('published other content meanwhile: 409 is told as what it is', async () => {
    publishFirst({ ComponentName: NAME, ComponentVersion: '1.2.3' })
    const { status, err } = await publish()
    expect(status).toBe(1)
    expect(err).toMatch(/1\.2\.3 has meanwhile been published by somebody else, with other content/)
  })

  test('published the same content meanwhile: 409 is as good as done', async () => {
    await publish()
    const recipe = bench.greengrass.components.get(arn(NAME))?.recipe ?? {}
    bench.greengrass.components.clear()
    bench.greengrass.tags.clear()
    bucket().objects.clear()
    publishFirst(recipe)
    bench.aws.calls.length = 0
    expect((await publish()).status).toBe(0)
    expect(bench.aws.calls.find(({ failed }) => failed === 'ConflictException')).toBeDefined()
  })
})

describe('the bucket', () => {
  test('that does not exist', async () => {
    bench.aws.account.buckets.delete(BUCKET)
    const { status, err } = await publish()
    expect(status).toBe(1)
    expect(err).toBe(
      `the bucket ${BUCKET} does not exist: create it with "npx defender setup", or give another with --bucket\n`,
    )
    expect(changes()).toEqual([])
  })

  test('of another account', async () => {
    addBucket(bench.aws.account, { name: 'theirs', owner: '999999999999' })
    const { status, err } = await publish('--bucket', 'theirs')
    expect(status).toBe(2)
    expect(err).toMatch(/s3:ListBucket is not allowed.*the bucket theirs belongs to another account/)
  })

  test('in another region', async () => {
    addBucket(bench.aws.account, { name: 'far', region: 'us-west-2' })
    const { status, err } = await publish('--bucket', 'far')
    expect({ status, err }).toEqual({
      status: 1,
      err: 'the bucket far is in us-west-2, and the components are to be in eu-west-1: both have to be in one region\n',
    })
  })

  test('named in full', async () => {
    addBucket(bench.aws.account, { name: 'mine' })
    expect((await publish('--bucket', 'mine')).status).toBe(0)
    expect(bench.aws.account.buckets.get('mine')?.objects.size).toBe(2)
  })

  test('that nothing names', async () => {
    bench.write({ 'gdk-config.json': undefined })
    const { status, err } = await publish()
    expect({ status, err }).toEqual({
      status: 2,
      err: 'gdk-config.json names no bucket: give one with --bucket\n',
    })
  })
})

describe('AWS that says no, or nothing', () => {
  const failing = (operation: string, code: string, message?: string) => () =>
    bench.aws.fault({
      operation,
      times: Infinity,
      effect: { kind: 'error', code, ...(message === undefined ? {} : { message }) },
    })
  const cases: { name: string; disturb: () => void; status: 1 | 2; says: RegExp }[] = [
    {
      name: 'expired credentials',
      disturb: () => useCredentials(bench.folder, { ...VARIABLES, AWS_ACCESS_KEY_ID: EXPIRED_KEY }),
      status: 2,
      says: /^the AWS credentials have expired: sign in again/,
    },
    {
      name: 'no credentials',
      disturb: () =>
        useCredentials(bench.folder, { AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' }),
      status: 2,
      says: /^no AWS credentials: /,
    },
    {
      name: 'describing denied',
      disturb: () => bench.aws.deniedActions.add('greengrass:DescribeComponent'),
      status: 2,
      says: /^greengrass:DescribeComponent is not allowed: allow it in the IAM policy/,
    },
    {
      name: 'looking at objects denied',
      disturb: () => bench.aws.deniedActions.add('s3:GetObject'),
      status: 2,
      says: /^s3:GetObject is not allowed: .*no more than "403 Forbidden"/,
    },
    {
      name: 'uploading denied',
      disturb: () => bench.aws.deniedActions.add('s3:PutObject'),
      status: 1,
      says: /^upload s3:.* failed: s3:PutObject is not allowed/,
    },
    {
      name: 'creating denied',
      disturb: () => bench.aws.deniedActions.add('greengrass:CreateComponentVersion'),
      status: 1,
      says: /^create .* failed: greengrass:CreateComponentVersion is not allowed/,
    },
    {
      name: 'throttled while planning',
      disturb: failing('DescribeComponent', 'ThrottlingException'),
      status: 2,
      says: /^AWS throttles greengrass:DescribeComponent .*: wait a minute/,
    },
    {
      name: 'throttled while creating',
      disturb: failing('CreateComponentVersion', 'ThrottlingException'),
      status: 1,
      says: /^create .* failed: AWS throttles greengrass:CreateComponentVersion/,
    },
    {
      name: 'a quota',
      disturb: failing('CreateComponentVersion', 'ServiceQuotaExceededException', 'Too many components.'),
      status: 1,
      says: /a quota of the account is reached: Too many components\. Ask for more/,
    },
    {
      name: 'a request in progress',
      disturb: failing('CreateComponentVersion', 'RequestAlreadyInProgressException', 'In progress'),
      status: 1,
      says: /AWS is still at work on the same request .*run the command again/,
    },
  ]
  test.each(cases)('$name', async ({ disturb, status, says }) => {
    disturb()
    const run = await publish()
    expect(run.err).toMatch(says)
    expect(run.status).toBe(status)
    expect(run.out + run.err).not.toContain('secret')
    expect(bench.greengrass.components.size).toBe(0)
  })

  test('a short throttling is waited out', async () => {
    bench.aws.fault({ effect: { kind: 'error', code: 'ThrottlingException' } })
    expect((await publish()).status).toBe(0)
  })
})

describe('before AWS is asked', () => {
  test('a build that fails', async () => {
    const build = async () => {
      throw new Error('versions differ: package.json has 1.2.3')
    }
    const { status, err } = await bench.run(['publish'], { build })
    expect({ status, err }).toEqual({
      status: 2,
      err: 'the build failed: versions differ: package.json has 1.2.3\n',
    })
    expect(bench.aws.calls).toEqual([])
  })

  describe('the build', () => {
    const usual = () => join(bench.folder, 'greengrass-build')
    const cases = [
      { name: 'plain', words: ['--yes'], withNode: [], isUsual: true },
      { name: '--dry-run', words: ['--dry-run'], withNode: [], isUsual: false },
      { name: '--with-node', words: ['--yes', '--with-node'], withNode: true, isUsual: true },
      {
        name: 'two architectures',
        words: ['--dry-run', '--with-node', 'arm', 'aarch64'],
        withNode: ['arm', 'aarch64'],
        isUsual: false,
      },
    ]
    test.each(cases)('$name', async ({ words, withNode, isUsual }) => {
      const requests: BuildRequest[] = []
      const build = async (request: BuildRequest) => {
        requests.push(request)
        if (request.output !== usual()) cpSync(usual(), request.output, { recursive: true })
      }
      expect((await bench.run(['publish', ...words], { build })).status).toBe(0)
      const [request] = requests
      expect(requests).toEqual([{ root: bench.folder, output: request?.output, withNode }])
      expect(request?.output === usual()).toBe(isUsual)
      // What was built aside is taken away.
      expect(existsSync(request?.output ?? '')).toBe(isUsual)
    })

    test.each([
      { name: 'an architecture that is none', words: ['--with-node', 'riscv'] },
      { name: 'one of two', words: ['--with-node', 'arm', 'x86'] },
    ])('$name', async ({ words }) => {
      await expect(publish(...words)).rejects.toThrow(/There are amd64, aarch64, arm/)
    })

    test('--with-node of nothing that is built', async () => {
      const { status, err } = await publish('--no-build', '--with-node', 'arm')
      expect({ status, err }).toEqual({
        status: 2,
        err: '--with-node is for a build: with --no-build all variants in greengrass-build are published\n',
      })
    })
  })

  test('--no-build takes what is there', async () => {
    const build = async () => {
      throw new Error('not asked for')
    }
    expect((await bench.run(['publish', '--no-build', '--dry-run'], { build })).status).toBe(0)
  })

  test('an artifact that is missing', async () => {
    bench.write({ [ARTIFACT]: undefined })
    const { status, err } = await publish()
    expect(status).toBe(2)
    expect(err).toMatch(/agent\.zip is not among the artifacts of com\.example\.Agent\n/)
    expect(bench.aws.calls).toEqual([])
  })

  test('the region of gdk-config.json is for where there is no other', async () => {
    delete process.env.AWS_REGION
    const { status, err } = await publish()
    expect(status).toBe(2)
    // The stand-in is in another one, and says so.
    expect(err).toMatch(/does not take the credentials in us-east-1/)
  })
})
