import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { circles, closedFolders, mayImport, packageRules, TESTS } from './imports.ts';
import {
  findCircles,
  importsBetween,
  missingRows,
  refusedImports,
  refusedPackages,
  unusedAllowances,
} from './judge-imports.ts';
import { type Import, readImports, readSpecifiers } from './read-imports.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => /\.(ts|js|mjs|cjs|py|asl\.json)$/.test(path) && existsSync(`${root}${path}`));
const imports = files.filter((path) => /\.(ts|js|mjs|cjs)$/.test(path)).flatMap((path) => readImports(root, path));

describe('the table of imports', () => {
  test('every folder of code has a row, and every row a folder', () => {
    expect(missingRows(files, mayImport)).toEqual({ folders: [], rows: [] });
  });

  test('every import names a file that is there', () => {
    expect(imports.filter(({ isMissing }) => isMissing)).toEqual([]);
  });

  test('no file imports what its row does not name', () => {
    expect(refusedImports(imports, mayImport)).toEqual([]);
  });

  test('no row names what no file imports', () => {
    expect(unusedAllowances(imports, mayImport)).toEqual([]);
  });

  test('rows do not import each other in a circle, but for the circles that are written down', () => {
    expect(findCircles(mayImport)).toEqual(circles.map((circle) => [...circle].sort()));
  });

  test('packages are imported where their rule allows', () => {
    expect(refusedPackages(imports, packageRules)).toEqual([]);
  });

  test.each(closedFolders)('%s imports nothing of ours outside itself', (folder) => {
    const outside = Object.entries(mayImport)
      .filter(([row]) => isWithin(row, folder))
      .flatMap(([row, others]) =>
        others.filter((other) => !isWithin(other, folder)).map((other) => `${row} → ${other}`),
      );
    expect(outside).toEqual([]);
  });
});

const isWithin = (row: string, folder: string) => row === folder || row.startsWith(`${folder}/`);

describe('the folders in docs/architecture.md', () => {
  const page = readFileSync(`${root}docs/architecture.md`, 'utf8');
  const section = page.split('\n## Folders\n')[1]?.split('\n## ')[0] ?? '';
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => [...cell.matchAll(/`([^`]+)\/`/g)].map(([, name]) => name as string)));
  const named = rows.map((cells) => cells[1]?.[0] as string);

  test('are those of the table', () => {
    const tops = Object.keys(mayImport).filter((row) => !row.startsWith('.'));
    const unnamed = tops.filter((row) => !named.some((folder) => isWithin(row, folder)));
    expect(unnamed).toEqual([]);
    const known = [...Object.keys(mayImport), TESTS];
    expect(named.filter((folder) => !known.some((row) => isWithin(row, folder)))).toEqual([]);
  });

  test('import what the table says', () => {
    const written = new Map(rows.map((cells) => [cells[1]?.[0] as string, [...(cells[3] ?? [])].sort()]));
    expect(written).toEqual(importsBetween(named, mayImport));
  });
});

describe('an import is found and judged', () => {
  const table = { roof: ['ground'], ground: [], 'ground/cellar': ['ground'] };
  const one = (from: string, file: string): Import => ({ from, specifier: '…', files: [file], isMissing: false });

  test.each([
    ["import { a } from './a.ts';", './a.ts'],
    ["import type { A } from './a.ts';", './a.ts'],
    ["import './a.ts';", './a.ts'],
    ["export { a } from './a.ts';", './a.ts'],
    ["export type { A } from './a.ts';", './a.ts'],
    ["export * from './a.ts';", './a.ts'],
    ["async () => { await import('./a.ts'); };", './a.ts'],
    ['async () => { await import(`./a.ts`); };', './a.ts'],
    ["let a: import('./a.ts').A;", './a.ts'],
    ["let a: typeof import('./a.ts');", './a.ts'],
    ["const a = require('./a.cjs');", './a.cjs'],
    ["const a = new URL('a.ts', import.meta.url);", './a.ts'],
  ])('%s', (source, specifier) => {
    expect(readSpecifiers(source, 'file.ts')).toEqual([specifier]);
  });

  test('a text or a comment that looks like one is none', () => {
    expect(readSpecifiers("const a = \"import('./a.ts')\"; // import './b.ts'", 'file.ts')).toEqual([]);
  });

  test.each([
    ['@keyturn/consumer/contracts/jwt', ['packages/consumer/contracts/jwt.ts']],
    ['@keyturn/consumer', ['packages/consumer/index.ts']],
    ['@keyturn/laptop', ['packages/laptop/index.ts']],
    ['keyturn', ['stacks/index.ts']],
    ['keyturn/scram', ['pipeline/rotators/postgres/scram-verifier.ts']],
    ['#function-code', ['stacks/function-code/from-sources.ts', 'stacks/function-code/prebuilt.ts']],
    ['@aws-sdk/client-ssm', []],
  ])('%s is resolved by the packages’ own exports', (specifier, expected) => {
    const found = imports.find((each) => each.specifier === specifier);
    expect(found?.files).toEqual(expected);
  });

  test('a folder without a row, a row without a folder', () => {
    expect(missingRows(['roof/a.ts', 'attic/a.ts'], table)).toEqual({
      folders: ['attic'],
      rows: ['ground', 'ground/cellar'],
    });
  });

  test('an import against the table, a row that nothing uses', () => {
    expect(refusedImports([one('roof/a.ts', 'ground/b.ts')], table)).toEqual([]);
    expect(refusedImports([one('ground/b.ts', 'roof/a.ts')], table)).toEqual([
      'ground/b.ts imports roof/a.ts: ground may not import roof',
    ]);
    expect(refusedImports([one('test/a.ts', 'roof/a.ts'), one('roof/a.ts', 'roof/b.ts')], table)).toEqual([]);
    expect(unusedAllowances([one('roof/a.ts', 'ground/b.ts')], table)).toEqual(['ground/cellar → ground']);
  });

  test('a circle', () => {
    expect(findCircles(table)).toEqual([]);
    expect(findCircles({ ...table, ground: ['ground/cellar'] })).toEqual([['ground', 'ground/cellar']]);
  });

  test('a package outside its rule', () => {
    const cdk = (from: string) => ({ from, specifier: 'aws-cdk-lib/aws-ec2', files: [], isMissing: false });
    const places = ['pipeline', 'handlers', 'cli', 'packages/laptop', 'packages/consumer', 'bin', 'tools'];
    const refused = refusedPackages(
      [...places, 'stacks'].map((place) => cdk(`${place}/a.ts`)),
      packageRules,
    );
    expect(refused).toEqual(places.map((place) => `${place}/a.ts may not import aws-cdk-lib/aws-ec2`));
    const sdk = {
      from: 'pipeline/contracts/settings/a.ts',
      specifier: '@aws-sdk/client-ssm',
      files: [],
      isMissing: false,
    };
    expect(refusedPackages([sdk], packageRules)).toHaveLength(1);
    const lambda = { from: 'pipeline/checks/a.ts', specifier: 'aws-lambda', files: [], isMissing: false };
    expect(refusedPackages([lambda], packageRules)).toHaveLength(1);
  });
});
