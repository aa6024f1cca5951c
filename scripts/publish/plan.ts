/**
 * What has to be done so that everything that was built is published: for each component nothing, or a wait, or the
 * upload of its artifacts and the creation of its version. If one of them cannot be published, none is.
 */
import type { Clock } from '../../src/schedule/clock.ts'
import type { ComponentService, ComponentVersion } from '../aws/components.ts'
import { AwsProblem, mayBeDone } from '../aws/problem.ts'
import type { ArtifactBucket } from '../aws/s3.ts'
import type { Caller } from '../aws/sts.ts'
import type { BuiltVersion } from './build-output.ts'
import { type Candidate, DIGEST_TAG, findExisting, isSame } from './existing.ts'
import { objectKey, placeRecipe } from './recipe.ts'
import { type Step, type StepContext, StepFailure, type StepPlan } from './steps.ts'
import { differentObjectText, objectState, uploadStep } from './upload.ts'

export interface PublishDoors {
  readonly caller: Caller
  readonly components: ComponentService
  readonly bucketName: string
  /** Opened only when something is to be uploaded. */
  readonly openBucket: () => Promise<ArtifactBucket>
  readonly clock: Clock
  /** How long a version may take to become deployable. */
  readonly waitMs: number
}

/** What the next step of a pipeline wants to know. */
export interface PublishedVersion {
  readonly name: string
  readonly version: string
  readonly arn: string
  /** Of its content. */
  readonly sha256: string
  /** `ABSENT`, or as AWS last said. */
  state: string
}

export interface PublishPlan extends StepPlan {
  readonly versions: readonly PublishedVersion[]
}

export async function planPublishing(
  built: readonly BuiltVersion[],
  doors: PublishDoors,
): Promise<PublishPlan> {
  const { caller, components, bucketName } = doors
  const candidates = await Promise.all(built.map((each) => findExisting(each, components, caller)))
  const versions = candidates.map(publishedVersion)
  const creations = candidates.filter(
    ({ existing }) => existing.kind === 'absent' || existing.kind === 'failed',
  )
  const uploads = creations.length === 0 ? { steps: [], problems: [] } : await planUploads(creations, doors)
  const waiting = candidates.filter((each) => creations.includes(each) || isAtWork(each))
  return {
    place: `account ${caller.accountId}, ${caller.region}, bucket ${bucketName}`,
    steps: [
      ...creations.flatMap((each) => deleteSteps(each, components)),
      ...uploads.steps,
      ...creations.map((each) => createStep(each, doors)),
      // Last, so that AWS looks at all of them at the same time.
      ...waiting.map((each) => waitStep(each, doors, versions[candidates.indexOf(each)] as PublishedVersion)),
    ],
    unchanged: candidates.flatMap((each) =>
      isDone(each) ? [`${titleOf(each)} is published so already`] : [],
    ),
    notes: [
      ...built.flatMap(({ notes }) => notes),
      ...candidates.flatMap((each) => (isDeprecated(each) ? [`AWS calls ${titleOf(each)} deprecated`] : [])),
    ],
    problems: [...candidates.flatMap(refusalOf), ...uploads.problems],
    versions,
  }
}

const titleOf = ({ built, version }: Candidate) => `${built.name} ${version}`

const stateOf = ({ existing }: Candidate) => ('found' in existing ? existing.found.state : undefined)
const isAtWork = (each: Candidate) =>
  each.existing.kind === 'same' && (stateOf(each) === 'REQUESTED' || stateOf(each) === 'INITIATED')
const isDone = (each: Candidate) => each.existing.kind === 'same' && !isAtWork(each)
const isDeprecated = (each: Candidate) => stateOf(each) === 'DEPRECATED'

const publishedVersion = (each: Candidate): PublishedVersion => ({
  name: each.built.name,
  version: each.version,
  arn: each.arn,
  sha256: each.digest,
  state: stateOf(each) ?? (each.existing.kind === 'other' ? 'OTHER' : 'ABSENT'),
})

function refusalOf(candidate: Candidate): string[] {
  const { existing, built } = candidate
  return existing.kind === 'other'
    ? [otherContentText(titleOf(candidate), built.name, existing.nextFree)]
    : []
}

const otherContentText = (title: string, name: string, nextFree: string): string =>
  `${title} is published already, with other content, and a version never changes: publish this one as ${nextFree} (ComponentVersion in the recipe of ${name}, and wherever else the version is written)`

async function planUploads(
  creations: readonly Candidate[],
  { openBucket, bucketName, caller }: PublishDoors,
): Promise<{ steps: Step[]; problems: string[] }> {
  const bucket = await openBucket()
  const place = await bucket.find()
  if (place === undefined) {
    return {
      steps: [],
      problems: [
        `the bucket ${bucketName} does not exist: create it with "npx defender setup", or give another with --bucket`,
      ],
    }
  }
  if (place.region !== caller.region) {
    return {
      steps: [],
      problems: [
        `the bucket ${bucketName} is in ${place.region}, and the components are to be in ${caller.region}: both have to be in one region`,
      ],
    }
  }
  const steps: Step[] = []
  const problems: string[] = []
  for (const { built, version } of creations) {
    for (const artifact of built.artifacts) {
      const key = objectKey({ name: built.name, version }, artifact.fileName)
      const state = await objectState(bucket, key, artifact)
      if (state === 'absent') steps.push(uploadStep(bucket, bucketName, key, artifact))
      if (state === 'different') problems.push(differentObjectText(bucketName, key))
    }
  }
  return { steps, problems }
}

function deleteSteps(candidate: Candidate, components: ComponentService): Step[] {
  const { existing } = candidate
  if (existing.kind !== 'failed') return []
  return [
    {
      action: 'delete',
      subject: `${titleOf(candidate)}, which failed and was never deployable`,
      details: failureTexts(existing.found),
      carryOut: () => deleteFailed(candidate, components),
    },
  ]
}

/**
 * Of a version that is good by now devices may be installing: after the plan was shown somebody else may have deleted
 * the failed one and published anew, so it is looked at once more. What is to be created may be there already then.
 */
async function deleteFailed(candidate: Candidate, components: ComponentService): Promise<void> {
  const { built, digest, arn } = candidate
  const found = await components.describe(arn)
  if (found === undefined) return
  if (found.state === 'FAILED') return components.delete(arn)
  if (!(await isSame(built, digest, found, arn, components))) throw publishedMeanwhile(candidate)
}

function createStep(candidate: Candidate, { components, bucketName }: PublishDoors): Step {
  const { built, version, arn, digest } = candidate
  const { name } = built
  const fileNames = built.artifacts.map(({ fileName }) => fileName)
  const recipe = placeRecipe(built.recipeText, { bucket: bucketName, name, version, fileNames })
  return {
    action: 'create',
    subject: titleOf(candidate),
    content: digest,
    carryOut: async () => {
      try {
        await components.create(recipe, { [DIGEST_TAG]: digest })
      } catch (error) {
        if (!mayBeDone(error)) throw error
        // The answer to our own request was lost, or somebody else published meanwhile.
        const found = await components.describe(arn)
        if (found === undefined) throw error
        if (await isSame(built, digest, found, arn, components)) return
        throw publishedMeanwhile(candidate)
      }
    },
  }
}

const publishedMeanwhile = (candidate: Candidate) =>
  new StepFailure(
    'other-content',
    `${titleOf(candidate)} has meanwhile been published by somebody else, with other content. Run the command again: it names a version that is free.`,
  )

/** The service takes some seconds: it fetches each artifact to note its digest. */
const POLL_MS_MIN = 500
const POLL_MS_MAX = 5000

function waitStep(candidate: Candidate, doors: PublishDoors, published: PublishedVersion): Step {
  return {
    action: 'wait',
    subject: `until ${titleOf(candidate)} is deployable`,
    carryOut: (context) => waitUntilDeployable(candidate, doors, published, context),
  }
}

async function waitUntilDeployable(
  candidate: Candidate,
  { components, clock, waitMs }: PublishDoors,
  published: PublishedVersion,
  { signal, progress }: StepContext,
): Promise<void> {
  const { arn } = candidate
  const endMs = clock.monotonicMs() + waitMs
  for (let pauseMs = POLL_MS_MIN; ; pauseMs = Math.min(pauseMs * 1.5, POLL_MS_MAX)) {
    const found = await components.describe(arn)
    published.state = found?.state ?? 'ABSENT'
    if (found?.state === 'DEPLOYABLE' || found?.state === 'DEPRECATED') return
    if (found?.state === 'FAILED') {
      throw new StepFailure(
        'component-failed',
        [`AWS found ${titleOf(candidate)} faulty:`, ...failureTexts(found), ...WHAT_TO_DO].join('\n  '),
      )
    }
    if (clock.monotonicMs() >= endMs) {
      throw new StepFailure(
        'timeout',
        `${titleOf(candidate)} is still ${published.state} after ${Math.round(waitMs / 1000)} s: run the command again to go on waiting`,
      )
    }
    progress(`${titleOf(candidate)}: ${published.state}`)
    await clock.sleep(pauseMs, signal)
    if (signal.aborted) throw new AwsProblem('interrupted', 'greengrass:DescribeComponent', 'interrupted')
  }
}

/** The same version again only with the same artifacts: an object in the bucket is never replaced. */
const WHAT_TO_DO = [
  'If it is the recipe, or a right to read the bucket: put it right and run the command again. It deletes the version that failed and creates it anew.',
  'If it is what is in an artifact: put it right and publish it under a new version, since an artifact in the bucket is never replaced.',
]

function failureTexts({ message, errors }: ComponentVersion): string[] {
  const byArtifact = Object.entries(errors).map(([uri, reason]) => `${uri}: ${reason}`)
  const known = [...(message === undefined ? [] : [message]), ...byArtifact]
  return known.length === 0 ? ['AWS gives no reason'] : known
}
