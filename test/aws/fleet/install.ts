/**
 * What a device has to run when a deployment is added to those of its other targets. Source: Greengrass developer guide,
 * "Create deployments": a core device runs the components of all its targets, and a component that none of them names
 * is removed. Only the configuration of the deployment at hand is applied.
 */
import type { ComponentSpecification, StoredDeployment } from '../greengrass/state.ts'
import { type Configuration, updateConfiguration } from './configuration.ts'
import type { DeviceComponent, SimulatedDevice } from './device.ts'

export type Installation =
  | { readonly kind: 'components'; readonly components: ReadonlyMap<string, DeviceComponent> }
  /** Two targets want two versions. */
  | { readonly kind: 'conflict'; readonly component: string; readonly versions: readonly string[] }

export type DefaultsOf = (component: string, version: string) => Configuration

export class Installer {
  readonly #defaultsOf: DefaultsOf
  /** Devices that had the same configuration share the next one too: a fleet would not fit into memory otherwise. */
  readonly #known = new WeakMap<object, WeakMap<object, Map<string, Configuration>>>()

  constructor(defaultsOf: DefaultsOf) {
    this.#defaultsOf = defaultsOf
  }

  install(device: SimulatedDevice, deployment: StoredDeployment, atMs: number): Installation {
    const others = [...device.current.values()].filter(({ targetArn }) => targetArn !== deployment.targetArn)
    const components = new Map<string, DeviceComponent>()
    const nucleus = device.components.get(device.kind.nucleus)
    if (nucleus !== undefined) components.set(device.kind.nucleus, nucleus)
    for (const other of others) {
      for (const [name, wanted] of Object.entries(other.components)) {
        const present = device.components.get(name)
        components.set(name, present ?? this.#component(name, wanted, other, undefined, atMs))
      }
    }
    for (const [name, wanted] of Object.entries(deployment.components)) {
      const rival = others.find(({ components: theirs }) => isOther(theirs[name], wanted))?.components[name]
      if (rival !== undefined) {
        return {
          kind: 'conflict',
          component: name,
          versions: [rival.componentVersion, wanted.componentVersion],
        }
      }
      components.set(name, this.#component(name, wanted, deployment, device.components.get(name), atMs))
    }
    return { kind: 'components', components }
  }

  #component(
    name: string,
    { componentVersion: version, configurationUpdate = NO_UPDATE }: ComponentSpecification,
    { deploymentId: source }: StoredDeployment,
    present: DeviceComponent | undefined,
    atMs: number,
  ): DeviceComponent {
    const isSame = present?.version === version && present.state !== 'BROKEN'
    return {
      version,
      isRoot: true,
      state: 'RUNNING',
      changedMs: isSame ? present.changedMs : atMs,
      source,
      configuration: this.#configuration(name, version, present?.configuration, configurationUpdate),
    }
  }

  #configuration(
    name: string,
    version: string,
    present: Configuration | undefined,
    update: NonNullable<ComponentSpecification['configurationUpdate']>,
  ): Configuration {
    const bySource = this.#known.get(update) ?? new WeakMap<object, Map<string, Configuration>>()
    this.#known.set(update, bySource)
    const source = present ?? NOTHING
    const byVersion = bySource.get(source) ?? new Map<string, Configuration>()
    bySource.set(source, byVersion)
    const key = `${name} ${version}`
    const known = byVersion.get(key)
    if (known !== undefined) return known
    const configuration = updateConfiguration(present, this.#defaultsOf(name, version), update)
    byVersion.set(key, configuration)
    return configuration
  }
}

const NO_UPDATE = {}
/** Stands for the configuration of a component that was not there. */
const NOTHING = {}

const isOther = (theirs: ComponentSpecification | undefined, wanted: ComponentSpecification) =>
  theirs !== undefined && theirs.componentVersion !== wanted.componentVersion
