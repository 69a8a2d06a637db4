import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import jestConfig from './jest.config.js';

const { displayName: _, ...unit } = jestConfig.projects.find(({ displayName }) => displayName === 'unit');

/** Stryker links node_modules, so a package of this repository would be read from where it is not mutated. */
function fromSources(folder) {
  const root = fileURLToPath(new URL(`./${folder}/`, import.meta.url));
  const { name, exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const escaped = (text) => text.replaceAll(/[.$^/]/g, '\\$&');
  return Object.entries(exports)
    .filter(([, target]) => target['keyturn-source'])
    .map(([entry, target]) => [
      `^${escaped(`${name}${entry.slice(1)}`).replace('*', '(.*)')}$`,
      `<rootDir>/${folder}/${target['keyturn-source'].slice(2).replace('*', '$1')}`,
    ]);
}

/** The unit tests' configuration without projects: Stryker runs each test once for each project, and names the tests itself. */
export default {
  ...unit,
  moduleNameMapper: Object.fromEntries(['packages/consumer', 'packages/laptop'].flatMap(fromSources)),
  testTimeout: 30_000,
};
