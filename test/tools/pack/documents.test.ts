import { withoutDeadLinks } from '../../../tools/pack/documents.ts';

const held = new Set(['README.md', 'docs/manifest.md', 'docs/images/console.png', 'docs/decisions/labels.md']);
const read = (markdown: string, document = 'README.md') => withoutDeadLinks(markdown, document, held);

test.each([
  ['a page of the package', '[the manifest](docs/manifest.md)'],
  ['a heading of it', '[checks](docs/manifest.md#checks)'],
  ['a folder of it', '[decisions](docs/decisions/)'],
  ['an image of it', '![the page](docs/images/console.png)'],
  ['a heading of the same page', '[above](#above)'],
  ['a page elsewhere', '[AWS](https://docs.aws.amazon.com/secretsmanager/)'],
])('a link to %s stays', (_, link) => {
  expect(read(`See ${link}.`)).toBe(`See ${link}.`);
});

test('a link to what only the repository has becomes its text; an image goes', () => {
  expect(read('See [the laptop](packages/laptop/README.md#start) ![x](art/x.png).')).toBe('See the laptop .');
});

test('paths are taken from where the document stands', () => {
  const links = '[up](../manifest.md) [out](../../CONTRIBUTING.md)';
  expect(read(links, 'docs/decisions/labels.md')).toBe('[up](../manifest.md) out');
});
