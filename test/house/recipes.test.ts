import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ownCheckTypes } from '../../pipeline/contracts/check-types.ts';
import { kindContracts } from '../../pipeline/contracts/kinds/kind-contracts.ts';
import { secretKinds } from '../../pipeline/contracts/secret-kinds.ts';
import { ApiKeySettings, iamActions } from '../../pipeline/contracts/settings/api-key.ts';
import { deployedKinds } from '../../stacks/kinds.ts';
import { readDocument, root } from './blocks.ts';

const sources = ['bin', 'cli', 'handlers', 'pipeline', 'stacks', 'statemachines', 'tools'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => `${folder}/${name}`)
    .filter((path) => path.endsWith('.ts')),
);

const without = (names: readonly string[], name: string) => names.filter((each) => each !== name).sort();

test('a secret kind has its handler, its rotator, its section, and its name in no second list', () => {
  expect(Object.keys(kindContracts).sort()).toEqual([...secretKinds].sort());
  expect(Object.keys(deployedKinds).sort()).toEqual([...secretKinds].sort());
  const needed = (kind: string) => [
    `handlers/rotate-${kind}.ts`,
    `handlers/verify-${kind}.ts`,
    `pipeline/rotators/${kind}/${kind}-rotator.ts`,
  ];
  expect(secretKinds.flatMap(needed).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const page = readDocument('docs/manifest.md');
  expect(secretKinds.filter((kind) => !page.includes(`\n## ${kind}\n`))).toEqual([]);
  const lists = sources.flatMap((path) =>
    readDocument(path)
      .split('\n')
      .filter((line) => secretKinds.filter((kind) => line.includes(`'${kind}'`)).length > 1)
      .map(() => path),
  );
  expect(lists).toEqual(['pipeline/contracts/secret-kinds.ts']);
});

test('a provider of API keys has its name in every place of the recipe, and its tests', () => {
  const providers = ApiKeySettings.options.map((option) => {
    const { entries } = 'pipe' in option ? option.pipe[0] : option;
    return entries.provider.literal;
  });
  const inManifest = kindContracts['api-key'].entry.entries.provider.options;
  expect(without(inManifest, '')).toEqual(without(providers, ''));
  expect(without(Object.keys(iamActions), '')).toEqual(without(providers, ''));
  for (const file of ['test/pipeline/rotators/api-key/provider-faults.test.ts', 'test/proof/crash/api-key-secret.ts']) {
    const tested = readDocument(file);
    expect(providers.filter((name) => !new RegExp(`^ {2}\\[?'?${name}\\b`, 'm').test(tested))).toEqual([]);
  }
  // All of those kinds are attacked.
  expect(readDocument('test/proof/crash/crash-api-key.test.ts')).toContain('describe.each(keyKinds)');
  const page = readDocument('docs/api-keys.md');
  expect(providers.filter((name) => !page.includes(`\n## ${name}\n`))).toEqual([]);
});

test('a check has its type in every place of the recipe, its function, its test and its section', () => {
  const types = [...ownCheckTypes].sort();
  const handlers = readDocument('handlers/check.ts') + readDocument('handlers/check-database.ts');
  expect(types.filter((type) => !handlers.includes(`${type}: ${type}Check(`))).toEqual([]);
  expect(types.filter((type) => !existsSync(join(root, `test/pipeline/checks/${type}.test.ts`)))).toEqual([]);
  const page = readDocument('docs/checks.md');
  expect(types.filter((type) => !page.includes(`\n## ${type}\n`))).toEqual([]);
});

test('every file that CONTRIBUTING names is there, but for those that its examples make', () => {
  const made = /\b(pepper|tcp)\b/;
  const named = [...readDocument('CONTRIBUTING.md').matchAll(/`((?:[\w-]+\/)+[\w.-]*)`/g)].map(
    ([, path]) => path ?? '',
  );
  const missing = named.filter((path) => !made.test(path) && !existsSync(join(root, path)));
  expect(named.length).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});
