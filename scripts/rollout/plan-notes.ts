/** What an operator should know about a plan before it is carried out. */
import type { Deployment, DeploymentContent } from '../aws/deployments.ts'
import { reservedTags } from './revision.ts'
import type { Ring } from './rings.ts'

/** A canceled deployment is the latest of its target all the same, and reaches nobody any more. */
export const isOver = ({ status }: Deployment) => status === 'CANCELED' || status === 'FAILED'

/** The nucleus's own component, and what it is called on devices with the lite one. */
const NUCLEI = ['aws.greengrass.Nucleus', 'aws.greengrass.NucleusLite']

export function notesOn(
  ring: Ring,
  latest: Deployment | undefined,
  content: DeploymentContent,
  component: string,
): string[] {
  const lite = ring.devices.filter(({ nucleus }) => nucleus === 'lite').length
  const handling = content.deploymentPolicies?.failureHandlingPolicy
  const twins = Object.keys(content.components).filter(
    (name) => name !== component && /\.DeviceDefender(\.|$)/.test(name),
  )
  return [
    ...(latest === undefined
      ? ['the target has no deployment yet: the new one will hold this component alone']
      : []),
    ...(latest !== undefined && isOver(latest)
      ? [`the deployment in force is ${latest.status}: what it holds is deployed again`]
      : []),
    ...(NUCLEI.some((name) => name in content.components) || lite === ring.devices.length
      ? []
      : [
          'no version of aws.greengrass.Nucleus is named: a newer patch version may come along and restart the devices; name the one that they have',
        ]),
    ...(handling === 'DO_NOTHING'
      ? [
          'failureHandlingPolicy is DO_NOTHING: devices do not go back by themselves (--failure-handling ROLLBACK)',
        ]
      : []),
    ...(lite > 0
      ? [
          `${lite === 1 ? '1 lite device cannot go back by itself' : `${lite} lite devices cannot go back by themselves`}: a failed ring is taken back by this command`,
        ]
      : []),
    ...(latest === undefined ? [] : reservedNotes(latest.content)),
    ...twins.map((name) => `${name} is deployed there too: two agents would report for the same thing`),
  ]
}

/** CloudFormation user guide, "Resource tag": what a stack has created carries the stack's name. */
export function reservedNotes(content: DeploymentContent): string[] {
  const reserved = reservedTags(content)
  if (reserved.length === 0) return []
  const stack = content.tags?.['aws:cloudformation:stack-name']
  return [
    stack === undefined
      ? `${reserved.join(', ')}: only AWS may give these tags, and the new revision goes without them`
      : `this deployment is of the CloudFormation stack ${stack}, whose next update will overwrite the new revision: change the stack's template too`,
  ]
}
