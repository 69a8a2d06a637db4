import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const readDocument = (path: string) => readFileSync(join(root, path), 'utf8');

/** What people read. */
export const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...['docs', 'packages'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => `${folder}/${name}`)
      .sort(),
  ),
];

/** A fenced block of a document. */
export interface Block {
  /** `docs/adopting.md:17`: where its text begins. */
  readonly where: string;
  readonly document: string;
  readonly language: string;
  readonly text: string;
}

/** By language; every class has a test that takes all blocks of it. A block of none of them is in no test. */
export const blockClasses = {
  ts: 'compiled by documents.test.ts, run by documented-snippets.test.ts',
  json: 'parsed by documents.test.ts',
  sh: 'run by documented-commands.test.ts',
  sql: 'run by documented-commands.test.ts',
  python: 'run by documented-commands.test.ts',
} as const;
export type BlockClass = keyof typeof blockClasses;

/** What cannot be run, by where it stands and how it begins; each with its reason. */
export const pictures: Readonly<Record<string, string>> = {
  'README.md: What happened': 'the output of npm start, which test/scenarios/play.test.ts plays',
  'docs/architecture.md: schedule ─┐': 'a drawing',
};

export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let open: { indent: string; language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of readDocument(document).split('\n').entries()) {
    const [, indent = '', language = ''] = line.match(/^(\s*)```(.*)$/) ?? [];
    if (!line.trimStart().startsWith('```')) open?.lines.push(line.slice(open.indent.length));
    else if (!open) open = { indent, language: language.trim(), line: index + 2, lines: [] };
    else {
      blocks.push({
        where: `${document}:${open.line}`,
        document,
        language: open.language,
        text: open.lines.join('\n'),
      });
      open = undefined;
    }
  }
  if (open) throw new Error(`${document}:${open.line}: the block does not end.`);
  return blocks;
}

export const blocks = documents.flatMap(blocksOf);

/** A block without a language is a shell's, as the older documents write it. */
export function classOf({ document, language, text }: Block): BlockClass | 'picture' | undefined {
  if (language in blockClasses) return language as BlockClass;
  const beginning = `${document}: ${text.trim()}`;
  if (language === 'text' && Object.keys(pictures).some((each) => beginning.startsWith(each))) return 'picture';
  return language === '' ? 'sh' : undefined;
}

export const blocksOfClass = (name: BlockClass) => blocks.filter((block) => classOf(block) === name);
