import type { Cloud } from '../cloud.ts';

/** A resource of a synthesized template, its intrinsics resolved. */
export interface TemplateResource {
  readonly logicalId: string;
  readonly stackName: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, any>>;
  readonly metadata: Readonly<Record<string, any>>;
  /** Reads an asset of the assembly: absolute path of the folder or file that the template names by S3 bucket and key. */
  assetPath(bucket: unknown, key: unknown): string;
}

/** What `Ref` and `Fn::GetAtt` of the resource answer. */
export interface CreatedResource {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, string | string[]>>;
}

/**
 * Makes one CloudFormation type in the cloud. Every service folder exports `resources: ResourceProvider[]` from its
 * `resources.ts`. A property that is not supported throws `UnsupportedProperty`, which names logical id, type and
 * property: nothing is ignored in silence. `create` is called in dependency order, once.
 */
export interface ResourceProvider {
  readonly type: string;
  create(resource: TemplateResource, cloud: Cloud): CreatedResource | Promise<CreatedResource>;
}

export class UnsupportedProperty extends Error {
  readonly code = 'UnsupportedProperty';
  constructor(
    resource: { logicalId: string; type: string },
    property: string,
    advice = 'SUPPORT.md of @keyturn/laptop lists what is.',
  ) {
    super(`${resource.logicalId} (${resource.type}): property ${property} is not supported on the laptop. ${advice}`);
    this.name = 'UnsupportedProperty';
  }
}

/** Refuses every property that is not named, so that a template never means more than the laptop does. */
export function onlyProperties(resource: TemplateResource, names: readonly string[]): void {
  for (const name of Object.keys(resource.properties)) {
    if (!names.includes(name)) throw new UnsupportedProperty(resource, name);
  }
}
