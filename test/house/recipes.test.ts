import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FleetRequest } from '../../pipeline/contracts/fleet.ts';
import { Manifest } from '../../pipeline/contracts/manifest.ts';
import { ApiKeySettings, iamActions } from '../../pipeline/contracts/settings/api-key.ts';
import { checkParameters } from '../../pipeline/contracts/settings/checks.ts';
import { CheckSettings, SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import { readDocument, root } from './blocks.ts';

const manifestSecrets = Manifest.entries.secrets.value.options;
const apiKey = manifestSecrets.find(({ entries }) => entries.kind.literal === 'api-key');
const without = (names: readonly string[], name: string) => names.filter((each) => each !== name).sort();

test('a secret kind has its name in every place of the recipe, and its handler', () => {
  const kinds = without(SecretSettings.entries.kind.options, 'watched');
  const inManifest = manifestSecrets.map(({ entries }) => entries.kind.literal);
  expect(without(inManifest, 'watched')).toEqual(kinds);
  expect(without(FleetRequest.entries.kind.wrapped.options, '')).toEqual(kinds);
  const [, choices = ''] = readDocument('cli/commands.ts').match(/choices\(\[([^\]]+)\]\)/) ?? [];
  expect(without(choices.replaceAll("'", '').split(', '), '')).toEqual(kinds);
  expect(kinds.filter((kind) => !existsSync(join(root, `handlers/rotate-${kind}.ts`)))).toEqual([]);
});

test('a provider of API keys has its name in every place of the recipe, and its tests', () => {
  const providers = ApiKeySettings.options.map((option) => {
    const { entries } = 'pipe' in option ? option.pipe[0] : option;
    return entries.provider.literal;
  });
  const inManifest = (apiKey?.entries as { provider: { options: string[] } }).provider.options;
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
  const types = without(CheckSettings.entries.type.options, 'function');
  const checks = manifestSecrets[0].entries.checks.wrapped.item.entries.type.options;
  expect(without(checks, 'function')).toEqual(types);
  expect(Object.keys(checkParameters).sort()).toEqual(types);
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
