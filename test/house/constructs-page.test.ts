import { checkParameters } from '../../pipeline/contracts/settings/checks.ts';
import { JwtSettings } from '../../pipeline/contracts/settings/jwt.ts';
import { PostgresSettings } from '../../pipeline/contracts/settings/postgres.ts';
import { ConsumerSettings, MirrorSettings } from '../../pipeline/contracts/settings/secret.ts';
import * as keyturn from '../../stacks/index.ts';
import { readDocument } from './blocks.ts';

const page = readDocument('docs/constructs.md');

/** The names in the first column of the tables under a heading, or after a line of its text. */
function tabled(heading: string, after = ''): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const [table = ''] = section.slice(section.indexOf(after)).match(/(^\|.*\n)+/m) ?? [];
  const firstColumn = table.split('\n').map((row) => row.split('|')[1] ?? '');
  return firstColumn.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name as string));
}

/** The members of an interface, its own and those of ours that it extends: types leave nothing to ask at run time. */
function membersOf(file: string, name: string): string[] {
  const text = readDocument(file);
  const pattern = new RegExp(`interface ${name}(?: extends ([^{]+))? \\{\n([\\s\\S]*?)^\\}`, 'm');
  const [, extended = '', body = ''] = text.match(pattern) ?? [];
  const own = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member]) => member as string);
  const inherited = extended.split(',').flatMap((parent) => {
    const [, place] = text.match(new RegExp(`\\b${parent.trim()}\\b[^;]*\\} from '\\./([\\w-]+\\.ts)'`)) ?? [];
    return place ? membersOf(`stacks/${place}`, parent.trim()) : [];
  });
  return [...own, ...inherited];
}

test.each([
  ['RotationPipeline', 'stacks/rotation-pipeline.ts', 'RotationPipelineProps'],
  ['RotatedSecret', 'stacks/rotated-secret.ts', 'RotatedSecretProps'],
  ['WatchedSecret', 'stacks/watched-secret.ts', 'WatchedSecretProps'],
  ['WatchedParameter', 'stacks/watched-parameter.ts', 'WatchedParameterProps'],
  ['ProxyLogins', 'stacks/proxy-logins.ts', 'ProxyLoginsProps'],
  ['JwksEndpoint', 'stacks/jwks-endpoint.ts', 'JwksEndpointProps'],
  ['Checks', 'stacks/check-props.ts', 'CheckProps'],
  ['ManifestStack', 'stacks/manifest-stack.ts', 'ManifestStackProps'],
])('the page has every property of %s, and no other', (heading, file, name) => {
  const members = membersOf(file, name);
  expect(members).not.toEqual([]);
  expect(tabled(heading).sort()).toEqual(members.sort());
});

test('the page has every setting of a kind, of consumers and of mirrors, and no other', () => {
  expect(tabled('Settings of the kinds', '`postgres`:').sort()).toEqual(Object.keys(PostgresSettings.entries).sort());
  expect(tabled('Settings of the kinds', '`jwt`:').sort()).toEqual(Object.keys(JwtSettings.entries).sort());
  expect(tabled('Consumers').sort()).toEqual(Object.keys(ConsumerSettings.entries).sort());
  const mirrors = MirrorSettings.options.flatMap(({ entries }) => Object.keys(entries));
  expect(tabled('Mirrors').sort()).toEqual([...new Set(mirrors)].sort());
});

test('whatever the package offers to a CDK app is on the page, and so is every type of check', () => {
  expect(Object.keys(keyturn).filter((name) => !page.includes(name))).toEqual([]);
  expect(Object.keys(checkParameters).filter((type) => !page.includes(`\`${type}\``))).toEqual([]);
});
