import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inertTypes } from '../../../packages/laptop/assembly/inert-types.ts';
import { loadProviders } from '../../../packages/laptop/assembly/providers.ts';
import {
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../../packages/laptop/assembly/resource.ts';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';

const FILE = 'packages/laptop/SUPPORT.md';
const text = readFileSync(FILE, 'utf8');

/** The document as sections: what stands under each heading, down to the next of any level. */
const sections = new Map(
  text
    .split(/^#+ /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      return [heading, lines.join('\n')] as const;
    }),
);

const services = new Map(
  [...sections].flatMap(([heading, body]) => {
    const name = /\(`([a-z]+)`\)$/.exec(heading)?.[1];
    return name === undefined ? [] : [[name, body] as const];
  }),
);

/** `Operations: A, B.`: a paragraph that begins with the label. */
function listed(body: string, label: string): string[] {
  const paragraph = body
    .trim()
    .split('\n\n')
    .find((part) => part.startsWith(`${label}: `));
  if (paragraph === undefined) return [];
  return paragraph
    .slice(label.length + 2)
    .replace(/\.$/, '')
    .split(/,\s+/)
    .map((item) => item.replaceAll('`', '').trim());
}

function firstColumn(heading: string): string[] {
  return [...(sections.get(heading) ?? '').matchAll(/^\| `(AWS::[^`]+)` \|/gm)].map(([, type]) => String(type));
}

const inert = firstColumn('Types that mean nothing here');
const refused = firstColumn('Types that are refused with advice');
const supported = [...services.values()].flatMap((body) => listed(body, 'Template types'));

let cloud: RunningCloud;
let providers: Map<string, ResourceProvider>;
beforeAll(async () => {
  cloud = await createCloud({ log: () => {} });
  providers = await loadProviders();
});
afterAll(() => cloud.close());

test('every service has a section, and no other has', () => {
  expect([...services.keys()].sort()).toEqual([...cloud.services.keys()].sort());
});

test.each([...services.keys()])('%s: every operation is listed, once, and nothing else', (name) => {
  const there = Object.keys(cloud.services.get(name)?.operations ?? {});
  expect(listed(services.get(name) ?? '', 'Operations').sort()).toEqual(there.sort());
});

test('every template type that a service makes, names or refuses is listed, once, and nothing else', () => {
  const there = [...providers.keys(), ...Object.keys(inertTypes)];
  expect([...supported, ...inert, ...refused].sort()).toEqual(there.sort());
});

test('a type that means nothing is one of a network, or has its reason in the code too', () => {
  const networks = [...providers.keys()].filter((type) => type.startsWith('AWS::EC2::'));
  expect(inert.sort()).toEqual([...networks, ...Object.keys(inertTypes)].sort());
  for (const [type, reason] of Object.entries(inertTypes)) expect(text).toContain(`| \`${type}\` | ${reason} |`);
});

describe('a type that is said to be refused', () => {
  const nothing: Omit<TemplateResource, 'type'> = {
    logicalId: 'Thing',
    stackName: 'Stack',
    properties: {},
    metadata: {},
    assetPath: () => '',
  };
  test.each(refused)('%s is refused whatever its properties', async (type) => {
    const provider = providers.get(type);
    await expect(async () => provider?.create({ ...nothing, type }, cloud)).rejects.toThrow(UnsupportedProperty);
    await expect(async () => provider?.create({ ...nothing, type }, cloud)).rejects.toThrow('(the whole resource)');
  });
});

test('the documents that are pointed to are there', () => {
  const links = [...text.matchAll(/\]\(([^)#]+)/g)].map(([, link]) => join(dirname(FILE), String(link)));
  expect(links.length).toBeGreaterThan(0);
  for (const link of links) expect(() => readFileSync(link)).not.toThrow();
});
