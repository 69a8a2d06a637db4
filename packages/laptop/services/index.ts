import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ServiceFactory } from '../cloud.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
/** The sources are TypeScript, the package holds JavaScript. */
const SERVICE = `service${extname(import.meta.url)}`;

/** Every service of the laptop, one folder each: the factory is its `service.ts`'s default export, or the only function named `create…Service`. */
export async function loadServices(): Promise<ServiceFactory[]> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, SERVICE)))
    .map((entry) => entry.name)
    .sort();
  // One after another: jest links a module that two imports want at the same moment only for one of them.
  const factories: ServiceFactory[] = [];
  for (const name of names) factories.push(await loadService(name));
  return factories;
}

async function loadService(name: string): Promise<ServiceFactory> {
  const exported = (await import(pathToFileURL(join(folder, name, SERVICE)).href)) as Record<string, unknown>;
  const named = Object.entries(exported).filter(([key]) => /^create\w*Service$/.test(key));
  const factory = exported.default ?? (named.length === 1 ? named[0]?.[1] : undefined);
  if (typeof factory !== 'function') {
    throw new TypeError(`services/${name}/service.ts must export its ServiceFactory: default, or one create…Service.`);
  }
  return factory as ServiceFactory;
}
