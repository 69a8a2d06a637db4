import type { Template } from './cdk-app.ts';

/**
 * Where two templates differ, such as `Resources.Role.Properties.Path: only in the newer`. What the CDK adds of its own
 * accord is left out: its figures of use, its checks of the bootstrap stack, and metadata of constructs.
 */
export function templateDifferences(older: Template, newer: Template): string[] {
  return differences('', withoutAdditions(older), withoutAdditions(newer));
}

function withoutAdditions(template: Template): unknown {
  const { Rules, Parameters, Conditions, Resources, ...rest } = template;
  return {
    ...rest,
    Rules: without(Rules, 'CheckBootstrapVersion'),
    Parameters: without(Parameters, 'BootstrapVersion'),
    Conditions: without(Conditions, 'CDKMetadataAvailable'),
    Resources: Object.fromEntries(
      Object.entries(without(Resources, 'CDKMetadata')).map(([id, resource]) => [id, without(resource, 'Metadata')]),
    ),
  };
}

function without(section: unknown, name: string): object {
  return Object.fromEntries(Object.entries(section ?? {}).filter(([key]) => key !== name));
}

function differences(path: string, older: unknown, newer: unknown): string[] {
  if (isObject(older) && isObject(newer)) {
    const keys = [...new Set([...Object.keys(older), ...Object.keys(newer)])].sort();
    return keys.flatMap((key) => {
      const inner = path === '' ? key : `${path}.${key}`;
      if (!(key in older)) return [`${inner}: only in the newer`];
      if (!(key in newer)) return [`${inner}: only in the older`];
      return differences(inner, older[key], newer[key]);
    });
  }
  if (older === newer) return [];
  return [`${path}: ${JSON.stringify(older)} in the older, ${JSON.stringify(newer)} in the newer`];
}

/** Arrays too: their members are compared one by one. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
