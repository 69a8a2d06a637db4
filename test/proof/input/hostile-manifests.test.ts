import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { parseManifest } from '../../../pipeline/contracts/manifest/manifest-safety.ts';
import type { Manifest } from '../../../pipeline/contracts/manifest/manifest-types.ts';
import { KeyturnError } from '../../../pipeline/errors.ts';
import { ManifestStack } from '../../../stacks/manifest-stack.ts';
import { byExtent } from '../../extent.ts';
import { completeManifest } from '../../stacks/manifests/complete-manifest.ts';
import { type HostileManifest, hostileManifests, placesOf } from '../../stacks/manifests/hostile-manifests.ts';
import { pipelineReasons, reasonFor } from '../../stacks/policies/reasons.ts';
import { hasWildcard, rightsOf } from '../../stacks/policies/statements.ts';

const COUNT = byExtent({ short: 5_000, wide: 10_000, long: 50_000 });
const SEED = 18;
/** Stacks have 500 resources at the most. */
const SECRETS_OF_A_STACK = 20;

interface Passed extends HostileManifest {
  readonly parsed: Manifest;
}
const passed: Passed[] = [];
const refused: (HostileManifest & { readonly message: string })[] = [];
const astray: string[] = [];

beforeAll(() => {
  for (const hostile of hostileManifests(completeManifest, COUNT, SEED)) {
    try {
      passed.push({ ...hostile, parsed: parseManifest(hostile.manifest) });
    } catch (error) {
      if (!(error instanceof KeyturnError)) astray.push(`${hostile.place}: ${hostile.how}: ${error}`);
      refused.push({ ...hostile, message: (error as Error).message });
    }
  }
});
afterAll(() => console.info(`manifests: ${COUNT}, refused: ${refused.length}, synthesized: ${passed.length}`));

test('the manifest that is spoilt is a good one, and has every place in turn', () => {
  expect(Object.keys(parseManifest(completeManifest).secrets)).toHaveLength(10);
  expect(COUNT).toBeGreaterThan(10 * placesOf(completeManifest).length);
});

test('most are refused, each with an error of ours', () => {
  expect(astray).toEqual([]);
  expect(refused.length).toBeGreaterThan(0.8 * COUNT);
});

test('each message is in characters that a person can see, names the place, and says what is expected or what to write', () => {
  const words = /expected|write|remove|unknown key|is missing/i;
  const bad = refused.filter(({ place, message }) => {
    // Where an entry differs from another, the message may name the other one.
    const [section = '', key = ''] = place.split(/\.(.*)/);
    const names = section === '' ? ['the manifest', 'Manifest'] : [section, key.split('.')[0] ?? ''];
    return unseenInMessages.test(message) || !words.test(message) || !names.some((name) => message.includes(name));
  });
  expect(bad.map(({ place, how, message }) => ({ place, how, message }))).toEqual([]);
});

test('no wildcard, variable, reference or unseen character of what passes is in a template', () => {
  const found: string[] = [];
  for (const batch of stacksOf(passed)) {
    const template = Template.fromStack(new ManifestStack(new App(), 'Keyturn', { manifest: batch })).toJSON();
    for (const right of rightsOf(template)) {
      const isListed = !hasWildcard(right) || reasonFor(right, pipelineReasons) !== undefined;
      const hasVariable = /\$\{|\s/.test(right.resource);
      if (!isListed || hasVariable) found.push(`${right.holder} ${right.action} ${right.resource}`);
    }
    found.push(...textsOf(template).filter((text) => foreign.test(text)));
  }
  expect(found).toEqual([]);
});

test('markup passes where it is content for others alone', () => {
  const contents =
    /\.(body|template(\.\w+)?|excludeCharacters|prompt|json(\.\w+)?|form(\.\w+)?|basic\.\w+|variables(\.\w+)?|headers(\.[\w-]+)?|scheme|equals|checks\.2\.parameters(\.\w+)*)$/;
  const marked = passed.filter(({ how }) => how.includes('<'));
  expect(marked.filter(({ place }) => !contents.test(place)).map(({ place, how }) => `${place}: ${how}`)).toEqual([]);
});

/** What a person does not see and a terminal or page obeys. Line breaks and tabs are for the tests to allow. */
const UNSEEN = String.raw`\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069`;
const unseenInMessages = new RegExp(`[${UNSEEN}\\t\\r]`);
const foreign = new RegExp(String.raw`[${UNSEEN}]|\{\{\s*resolve:|[$#]\{Token\[`, 'i');

/** Keys and values; texts of JSON are looked into. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value, ...insideJson(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)]);
}

function insideJson(text: string): string[] {
  if (!/^[{[]/.test(text)) return [];
  try {
    return textsOf(JSON.parse(text));
  } catch {
    // It only begins like JSON; the text itself has been looked at.
    return [];
  }
}

/**
 * The spoilt entries, many to a stack: one alone, in a stack of its own, would synthesize the same pipeline hundreds of
 * times. Names that a stack may have once are numbered, unless they are what is spoilt.
 */
function stacksOf(all: readonly Passed[]): Manifest[] {
  const entries = all.flatMap(({ place, parsed }, index) => spoiltEntry(place, parsed, index));
  const batches = Array.from({ length: Math.ceil(entries.length / SECRETS_OF_A_STACK) }, (_, batch) =>
    entries.slice(batch * SECRETS_OF_A_STACK, (batch + 1) * SECRETS_OF_A_STACK),
  );
  const base = parseManifest(completeManifest);
  const ofSecrets = batches.map((batch) => ({ ...base, parameters: {}, secrets: Object.fromEntries(batch) }));
  const others = all
    .filter(({ place }) => !place.startsWith('secrets.'))
    .map(({ parsed }): Manifest => ({ ...parsed, secrets: {} }));
  return [...ofSecrets, ...others];
}

function spoiltEntry(place: string, { secrets }: Manifest, index: number): [string, any][] {
  const [section, name = ''] = place.split('.');
  const entry: any = secrets[name];
  if (section !== 'secrets' || !entry) return [];
  const isSpoilt = (part: string) => place.includes(`${name}.${part}`) || place === `secrets.${name}`;
  const numbered = {
    ...entry,
    ...(!isSpoilt('secret') && { secret: { name: `numbered/${index}` } }),
    ...(!isSpoilt('group') && { group: undefined }),
    ...(entry.parameters?.userName &&
      !isSpoilt('parameters.userName') && { parameters: { ...entry.parameters, userName: `numbered-${index}` } }),
  };
  return [[`${name}-${index}`, numbered]];
}
