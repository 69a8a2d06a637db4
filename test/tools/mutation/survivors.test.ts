import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMutated, mutatedFolders } from '../../../tools/mutation/folders.ts';
import { listFiles } from '../../../tools/mutation/list-files.ts';
import { type FoundMutant, judge, type Reason, readReasons } from '../../../tools/mutation/survivors.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const reasons = readReasons();

describe('reasons of mutants that no test notices', () => {
  test('each is about a line that its file still has, in a folder that is mutated', () => {
    const stale = reasons.filter(({ file, line }) => {
      if (!mutatedFolders.some((folder) => isMutated(folder, file)) || !existsSync(`${root}${file}`)) return true;
      const lines = readFileSync(`${root}${file}`, 'utf8').split('\n');
      return !lines.some((text) => text.trim() === line);
    });
    expect(stale).toEqual([]);
  });

  test('each says why in a sentence, and once', () => {
    expect(reasons.filter(({ reason }) => !/^[A-Z`].{20,}\.$/.test(reason))).toEqual([]);
    const keys = reasons.map(({ file, line, mutator, replacement }) => [file, line, mutator, replacement].join('\n'));
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });
});

describe('the judgement of a run', () => {
  const mutant = (line: string, isNoticed: boolean): FoundMutant => ({
    file: 'pipeline/a.ts',
    lineNumber: 1,
    range: '1:0-1:4',
    line,
    mutator: 'BooleanLiteral',
    replacement: 'false',
    isNoticed,
  });
  const reason = (line: string, file = 'pipeline/a.ts'): Reason => ({
    ...{ file, line, mutator: 'BooleanLiteral', replacement: 'false', reason: 'Because it changes nothing.' },
  });
  const found = [mutant('one', true), mutant('two', true), mutant('three', false), mutant('four', false)];

  test('counts noticed mutants among those that have no reason', () => {
    expect(judge(found, [], ['pipeline/a.ts'])).toMatchObject({ mutants: 4, noticed: 2, excused: 0, scorePercent: 50 });
    const judged = judge(found, [reason('four')], ['pipeline/a.ts']);
    expect(judged).toMatchObject({ mutants: 4, noticed: 2, excused: 1, scorePercent: 66.6 });
    expect(judged.survivors.map(({ line }) => line)).toEqual(['three']);
    expect(judged.unusedReasons).toEqual([]);
  });

  test('names a reason whose mutant is noticed, or is none of the files that were tried', () => {
    const unused = [reason('one'), reason('five')];
    expect(judge(found, unused, ['pipeline/a.ts']).unusedReasons).toEqual(unused);
    expect(judge(found, unused, ['pipeline/b.ts']).unusedReasons).toEqual([]);
  });

  test('a reason excuses one change of a line, and not another', () => {
    const other = { ...reason('four'), replacement: 'true' };
    expect(judge(found, [other], ['pipeline/a.ts']).survivors).toHaveLength(2);
  });

  test('nothing to notice is a hundred', () => {
    expect(judge([], [], []).scorePercent).toBe(100);
  });
});

describe('the folders that are mutated', () => {
  const files = listFiles(root);

  test('every folder has code, tests, and exceptions that exist', () => {
    for (const folder of mutatedFolders) {
      expect(files.filter((path) => isMutated(folder, path))).not.toEqual([]);
      const places = [...folder.tests, ...(folder.without ?? []), ...(folder.with ?? [])];
      expect(places.filter((place) => !existsSync(`${root}${place}`))).toEqual([]);
    }
  });

  test('no file is mutated with two folders', () => {
    const twice = files.filter((path) => mutatedFolders.filter((folder) => isMutated(folder, path)).length > 1);
    expect(twice).toEqual([]);
  });
});
