import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ResourceProvider } from './resource.ts';

const services = fileURLToPath(new URL('../services/', import.meta.url));
/** The sources are TypeScript, the package holds JavaScript. */
const RESOURCES = `resources${extname(import.meta.url)}`;

/** The resource types that the laptop makes: what each service folder exports as `resources`. */
export async function loadProviders(): Promise<Map<string, ResourceProvider>> {
  const files = readdirSync(services, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(services, entry.name, RESOURCES)))
    .map((entry) => join(services, entry.name, RESOURCES));
  const providers: ResourceProvider[] = [];
  // One after another: jest links a module that two imports want at the same moment only for one of them.
  for (const file of files) providers.push(...(await import(pathToFileURL(file).href)).resources);
  return new Map(providers.map((provider) => [provider.type, provider]));
}
