import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readDocument, root } from './blocks.ts';

const shown = [...readDocument('docs/consumers.md').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code).join(' ');

/** What callers give, by the interface that says so. Types leave nothing to ask at run time. */
const options = readdirSync(join(root, 'packages/consumer'))
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => [
    ...readDocument(`packages/consumer/${name}`).matchAll(
      /^(?:export )?interface (\w*Options|Demands)\b[^{]*\{\n([\s\S]*?)^\}/gm,
    ),
  ])
  .map(([, name, body]) => [
    name as string,
    [...(body ?? '').matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, member]) => member as string),
  ]) as [string, string[]][];

test.each(options)('every member of %s is on the page of the library', (_, members) => {
  // Chance is given in tests only.
  const missing = members.filter((member) => member !== 'random' && !new RegExp(`\\b${member}\\b`).test(shown));
  expect(missing).toEqual([]);
});

test('the options are found where they are', () => {
  expect(options.map(([name]) => name)).toEqual(
    expect.arrayContaining(['CacheOptions', 'RotatingPoolOptions', 'FreshSecretsOptions', 'JwtSignerOptions']),
  );
});
