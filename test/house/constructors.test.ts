import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readDocument, root } from './blocks.ts';

const LONGEST_LINES = 70;

const code = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.js'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path && !path.startsWith('test/') && existsSync(join(root, path)));

/** From the line that opens a body to the one that closes it. The formatter indents both alike. */
function linesOf(text: string, opening: RegExp): number[] {
  const lines = text.split('\n');
  return lines.flatMap((line, start) => {
    const [, indentation] = line.match(opening) ?? [];
    if (indentation === undefined) return [];
    const end = lines.findIndex((other, index) => index > start && other === `${indentation}}`);
    return end === -1 ? [] : [end - start + 1];
  });
}

// Biome's rule leaves out getters and setters, and lines that only close a bracket: a constructor of 79 lines had 66.
test.each([
  ['constructor', /^(\s*)(?:(?:private|protected|public) )?constructor\(/],
  ['getter or setter', /^(\s*)(?:static )?(?:override )?[gs]et #?\w+\(/],
])(`no %s is longer than ${LONGEST_LINES} lines`, (_, opening) => {
  const measured = code.flatMap((path) => linesOf(readDocument(path), opening).map((lines) => ({ path, lines })));
  expect(measured.length).toBeGreaterThan(3);
  expect(measured.filter(({ lines }) => lines > LONGEST_LINES)).toEqual([]);
});
