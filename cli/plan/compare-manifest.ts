import type { Manifest } from '../../pipeline/contracts/manifest.ts';
import type { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import { type ComparableSettings, comparableDeployed, comparableManifest } from './comparable-settings.ts';

export interface SettingChange {
  /** `consumers.items.maxAgeSeconds` */
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

export interface SecretChange {
  /** Its name in Secrets Manager. */
  readonly secretName: string;
  readonly what: 'add' | 'change' | 'remove' | 'keep';
  readonly settings: readonly SettingChange[];
}

/** What deploying the manifest would change. Pure. */
export function compareManifest(manifest: Manifest, deployed: readonly SecretSettings[]): SecretChange[] {
  const wanted = Object.values(manifest.secrets).map(comparableManifest);
  const there = new Map(deployed.map((settings) => [settings.name, comparableDeployed(settings)]));
  const names = new Set(wanted.map(({ name }) => name));
  const changes = wanted.map((settings): SecretChange => {
    const before = there.get(settings.name);
    if (!before) return { secretName: settings.name, what: 'add', settings: [] };
    const changed = differences(before, settings);
    return { secretName: settings.name, what: changed.length > 0 ? 'change' : 'keep', settings: changed };
  });
  const removed = [...there.keys()].filter((name) => !names.has(name));
  return [...changes, ...removed.map((secretName): SecretChange => ({ secretName, what: 'remove', settings: [] }))];
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
