import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Words that leave the reader to guess the subject, per 10,000 lines, and the level that each folder has reached.
 * A level only falls: write the new figure when a folder has become plainer. CONTRIBUTING.md, "How we write".
 */
const words = {
  tell: /\b(tell|tells|told|telling|untold)\b/gi,
  nobody: /\b(nobody|somebody|anybody|whoever)\b/gi,
  mend: /\bmend(s|ed|ing)?\b/gi,
} as const;

type Word = keyof typeof words;

const most: Readonly<Record<'code' | 'documents' | 'tests', Readonly<Record<Word, number>>>> = {
  code: { tell: 0.5, nobody: 0.5, mend: 0 },
  documents: { tell: 2, nobody: 0, mend: 0 },
  tests: { tell: 40, nobody: 38, mend: 3 },
};

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
const files = listed.split('\n').filter((path) => path && existsSync(`${root}${path}`));
const folders: Readonly<Record<keyof typeof most, readonly string[]>> = {
  code: files.filter(
    (path) =>
      /\.(ts|js|mjs|cjs|asl\.json)$/.test(path) &&
      /^(bin|cli|handlers|pipeline|stacks|tools|statemachines|packages|examples|bench)\//.test(path),
  ),
  documents: files.filter((path) => /\.md$/.test(path) && !/^(CHANGELOG|CONTRIBUTING)\.md$/.test(path)),
  tests: files.filter((path) => /^test\/.*\.ts$/.test(path) && path !== 'test/house/language.test.ts'),
};

/** Words that the field, a system or another program fixes. */
const fixed = /account "nobody"|has a name: nobody|=== 'nobody'|runs as `nobody`|Where `nobody` cannot/;

test.each(
  (Object.keys(most) as (keyof typeof most)[]).flatMap((kind) =>
    (Object.keys(words) as Word[]).map((word) => [kind, word] as const),
  ),
)('%s: "%s" and its like do not become more', (kind, word) => {
  const lines = folders[kind].flatMap((path) =>
    readFileSync(`${root}${path}`, 'utf8')
      .split('\n')
      .map((line) => ({ path, line })),
  );
  const found = lines.filter(({ line }) => !fixed.test(line) && line.match(words[word]) !== null);
  const per10000 = (found.length / lines.length) * 10_000;
  console.info(`${kind}: "${word}" in ${found.length} of ${lines.length} lines, ${per10000.toFixed(1)} in 10,000`);
  const shown = per10000 > most[kind][word] ? found.map(({ path, line }) => `${path}: ${line.trim()}`) : [];
  expect(shown).toEqual([]);
});
