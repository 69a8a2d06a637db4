import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { noticesIn } from './notices.ts';
import { ROOT } from './root.ts';

/** What CycloneDX says of one package, as far as it is read here. https://cyclonedx.org/docs/1.5/json/ */
export interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

export interface Sbom {
  readonly metadata: object;
  readonly components: readonly Component[];
  readonly dependencies?: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * Writes an SBOM for each package, by npm from the lock file: for `keyturn` what its bundles hold, for the others what
 * they depend on.
 */
export async function writeSboms(folder: string): Promise<void> {
  const bundled = new Set(noticesIn(await readFile(join(ROOT, 'dist/packages/keyturn/THIRD-PARTY-NOTICES'), 'utf8')));
  const everything = await sbom([]);
  // Everything that is bundled is a development dependency of the repository, beside many that are not bundled.
  const components = everything.components
    .filter((component) => bundled.has(nameOf(component)))
    .map(withoutDevelopment);
  const { dependencies: _, ...rest } = everything;
  await write(join(folder, 'keyturn.cdx.json'), await about('keyturn', { ...rest, components }));
  for (const name of ['consumer', 'laptop']) {
    const dependedOn = await sbom(['--workspace', `@keyturn/${name}`, '--omit', 'peer']);
    const reached = reachedFrom(dependedOn, (component) => component['bom-ref'].startsWith(`@keyturn/${name}@`));
    await write(join(folder, `keyturn-${name}.cdx.json`), await about(`keyturn-${name}`, reached));
  }
}

/** npm marks what the repository's own manifest names for development; in the package it is shipped. */
function withoutDevelopment({ properties = [], ...component }: Component): Component {
  const kept = properties.filter(({ name }) => name !== 'cdx:npm:package:development');
  return kept.length > 0 ? { ...component, properties: kept } : component;
}

/** What one component depends on, itself left out: npm lists a workspace under the repository, with what that depends on. Pure. */
export function reachedFrom(sbom: Sbom, isSubject: (component: Component) => boolean): Sbom {
  const subject = sbom.components.find(isSubject);
  if (!subject) throw new Error('Expected the package among the components of its SBOM; npm sbom did not list it.');
  const edges = new Map((sbom.dependencies ?? []).map(({ ref, dependsOn }) => [ref, dependsOn]));
  const reached = new Set<string>();
  const visit = (ref: string): void => {
    for (const next of edges.get(ref) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      visit(next);
    }
  };
  visit(subject['bom-ref']);
  return {
    ...sbom,
    components: sbom.components.filter((component) => reached.has(component['bom-ref'])),
    dependencies: (sbom.dependencies ?? []).filter(({ ref }) => reached.has(ref) || ref === subject['bom-ref']),
  };
}

/** npm says of each that it is about the repository's folder. */
async function about(folder: string, { metadata, ...rest }: Sbom): Promise<Sbom> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'dist/packages', folder, 'package.json'), 'utf8'));
  const { name, version, description } = manifest as Record<string, string>;
  const component = { 'bom-ref': `${name}@${version}`, type: 'library', name, version, description };
  return { ...rest, metadata: { ...metadata, component } };
}

async function sbom(options: string[]): Promise<Sbom> {
  const words = ['sbom', '--sbom-format', 'cyclonedx', ...options];
  const { stdout } = await promisify(execFile)('npm', words, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as Sbom;
}

const nameOf = ({ group, name, version }: Component) => `${group ? `${group}/` : ''}${name} ${version}`;

function write(file: string, content: unknown): Promise<void> {
  return writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}
