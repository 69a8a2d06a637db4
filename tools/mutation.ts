import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMutated, mutatedFolders } from './mutation/folders.ts';
import { listChangedFiles, listFiles } from './mutation/list-files.ts';
import { type Judgement, judge, readReasons } from './mutation/survivors.ts';
import { tryMutants } from './mutation/try-mutants.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const REPORTS = join(ROOT, '.keyturn/mutation');

/**
 * `npm run proof:mutation`: changes the code in small ways, one at a time, and looks whether a test notices. Prints what no
 * test noticed. Fails where a folder has less than its score, or where a reason in survivors.json is used by no survivor.
 */
const { values, positionals } = parseArgs({
  options: {
    changed: { type: 'boolean', default: false },
    base: { type: 'string', default: 'main' },
    concurrency: { type: 'string', default: '2' },
  },
  allowPositionals: true,
});

const places = positionals.map((place) => place.replace(/\/$/, ''));
const asked = (path: string) =>
  places.length === 0 || places.some((place) => path === place || path.startsWith(`${place}/`));
const all = (values.changed ? listChangedFiles(ROOT, values.base) : listFiles(ROOT)).filter(asked);
const concurrency = Number(values.concurrency);
if (!Number.isInteger(concurrency) || concurrency < 1) {
  throw new Error(`--concurrency is ${values.concurrency}; expected a whole number from 1.`);
}

// Tests of stacks make each function's bundle once for all mutants, as those of `npm test` do.
process.env.KEYTURN_BUNDLES = join(REPORTS, 'bundles');
rmSync(process.env.KEYTURN_BUNDLES, { recursive: true, force: true });

const rows: object[] = [];
for (const folder of mutatedFolders) {
  const files = all.filter((path) => isMutated(folder, path));
  if (files.length === 0) continue;
  const reports = join(REPORTS, folder.name.replaceAll('/', '-'));
  mkdirSync(reports, { recursive: true });
  const found = await tryMutants({ root: ROOT, folder, files, concurrency, reports });
  const judgement = judge(found, readReasons(), files);
  writeFileSync(join(reports, 'survivors.json'), `${JSON.stringify(judgement.survivors, null, 2)}\n`);
  print(judgement);
  const isEnough = judgement.scorePercent >= folder.leastScorePercent && judgement.unusedReasons.length === 0;
  if (!isEnough) process.exitCode = 1;
  rows.push({
    folder: folder.name,
    files: files.length,
    mutants: judgement.mutants,
    noticed: judgement.noticed,
    'with a reason': judgement.excused,
    unnoticed: judgement.survivors.length,
    'score %': judgement.scorePercent,
    'least %': folder.leastScorePercent,
  });
}
if (rows.length > 0) console.table(rows);
else console.log('No file that is mutated was named, or changed. tools/mutation/folders.ts lists the folders.');

function print({ survivors, unusedReasons }: Judgement): void {
  for (const { file, lineNumber, line, mutator, replacement } of survivors) {
    console.log(
      `no test notices  ${file}:${lineNumber}  ${mutator}\n    ${line}\n    ${replacement.replaceAll(/\s+/g, ' ')}`,
    );
  }
  for (const { file, line, mutator } of unusedReasons) {
    console.log(`reason unused    ${file}  ${mutator}\n    ${line}\n    Take it out of tools/mutation/survivors.json.`);
  }
}
