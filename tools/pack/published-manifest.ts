import { readFile, writeFile } from 'node:fs/promises';

/** What only the repository needs: in a package these would name files that are not there. */
const ofRepository = ['scripts', 'workspaces', 'overrides', 'devDependencies', 'imports', 'private'];
const SOURCE_CONDITION = 'keyturn-source';

/** Writes what a package.json of the repository says to those who install the package. */
export async function writePublishedManifest(from: string, to: string): Promise<void> {
  const manifest = JSON.parse(await readFile(from, 'utf8'));
  await writeFile(to, `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
}

export function publishedManifest(manifest: Record<string, unknown>): Record<string, unknown> {
  const published = Object.entries(manifest).filter(([key]) => !ofRepository.includes(key));
  return withoutSources(Object.fromEntries(published)) as Record<string, unknown>;
}

function withoutSources(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSources);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== SOURCE_CONDITION);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutSources(inner)]));
}
