import type { Manifest } from '../../pipeline/contracts/manifest/manifest.ts';
import type { ParameterSettings } from '../../pipeline/contracts/settings/parameter.ts';
import type { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import {
  type ComparableSettings,
  comparableDeployed,
  comparableDeployedParameter,
  comparableManifest,
  comparableManifestParameter,
} from './comparable-settings.ts';

export interface SettingChange {
  /** `consumers.items.maxAgeSeconds` */
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

export interface Change {
  /** Secrets by their name in Secrets Manager, watched parameters by theirs. */
  readonly of: 'secret' | 'parameter';
  readonly name: string;
  readonly what: 'add' | 'change' | 'remove' | 'keep';
  readonly settings: readonly SettingChange[];
}

export interface Deployed {
  readonly secrets: readonly SecretSettings[];
  readonly parameters: readonly ParameterSettings[];
}

/** What deploying the manifest would change. Pure. */
export function compareManifest(manifest: Manifest, deployed: Deployed): Change[] {
  const wantedParameters = Object.entries(manifest.parameters).map(([name, each]) =>
    comparableManifestParameter(name, each),
  );
  return [
    ...compare(
      'secret',
      Object.values(manifest.secrets).map(comparableManifest),
      deployed.secrets.map(comparableDeployed),
    ),
    ...compare('parameter', wantedParameters, deployed.parameters.map(comparableDeployedParameter)),
  ];
}

function compare(
  of: Change['of'],
  wanted: readonly ComparableSettings[],
  deployed: readonly ComparableSettings[],
): Change[] {
  const there = new Map(deployed.map((settings) => [settings.name, settings]));
  const names = new Set(wanted.map(({ name }) => name));
  const changes = wanted.map((settings): Change => {
    const { name } = settings;
    const before = there.get(name);
    if (!before) return { of, name, what: 'add', settings: [] };
    const changed = differences(before, settings);
    return { of, name, what: changed.length > 0 ? 'change' : 'keep', settings: changed };
  });
  const removed = [...there.keys()].filter((name) => !names.has(name));
  return [...changes, ...removed.map((name): Change => ({ of, name, what: 'remove', settings: [] }))];
}

function differences(before: ComparableSettings, after: ComparableSettings): SettingChange[] {
  const [from, to] = [flatten(before), flatten(after)];
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((path) => from.get(path) !== to.get(path))
    .sort()
    .map((path) => ({
      path,
      ...(from.has(path) && { from: JSON.parse(from.get(path) as string) }),
      ...(to.has(path) && { to: JSON.parse(to.get(path) as string) }),
    }));
}

/** Leaves by their path, as JSON, so that they compare. */
function flatten(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return found.set(path, JSON.stringify(value));
  for (const [key, inner] of Object.entries(value)) flatten(inner, path ? `${path}.${key}` : key, found);
  return found;
}
