import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { blocks, blocksOfClass, classOf, documents, pictures, readDocument, root } from './blocks.ts';
import { readShown } from './documented-json.ts';
import { compile, withSnippets } from './snippets.ts';

test.each(documents)('every link of %s leads somewhere', (document) => {
  const links = [...readDocument(document).matchAll(/\]\((?!https?:)([^)\s]+)[^)]*\)/g)].map(([, to]) => to as string);
  const missing = links.filter((link) => {
    const [target = '', section] = link.split('#');
    const file = target === '' ? document : resolve(root, dirname(document), target).slice(root.length);
    if (!existsSync(resolve(root, file))) return true;
    return section !== undefined && file.endsWith('.md') && !sectionsOf(file).includes(section);
  });
  expect(missing).toEqual([]);
});

test('every document is found from the README', () => {
  const found = new Set(['README.md']);
  for (const document of found) {
    const links = [...readDocument(document).matchAll(/\]\((?!https?:)([^)#\s]+\.md)/g)].map(([, to]) => to as string);
    for (const link of links) found.add(resolve(root, dirname(document), link).slice(root.length));
  }
  expect(documents.filter((document) => !document.startsWith('packages/laptop/') && !found.has(document))).toEqual([]);
});

/** The names that GitHub gives to headings. */
function sectionsOf(document: string): string[] {
  const headings = [...readDocument(document).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading as string);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

test('every block is of a class that is tested', () => {
  expect(blocks.filter((block) => classOf(block) === undefined).map(({ where }) => where)).toEqual([]);
  // A reason for what is no longer there is a reason too many.
  expect(blocks.filter((block) => classOf(block) === 'picture')).toHaveLength(Object.keys(pictures).length);
});

test('every TypeScript snippet compiles against the published entry points', async () => {
  const complaints = await withSnippets((folder, snippets) => {
    expect(snippets.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['construct', 'module']));
    return compile(folder);
  });
  expect(complaints).toBe('');
});

test.each(
  blocksOfClass('json').map(({ where, text }) => [where, text]),
)('the JSON at %s is read by what reads it in the code', async (_, text) => {
  await readShown(text);
});
