import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, '.keyturn', 'cli');
const ENTRY = join(FOLDER, 'keyturn.js');
const RECORD = join(FOLDER, 'made-of.json');

/**
 * The URL of the command line in JavaScript, made anew when anything it was made of has changed: a command starts in
 * a third of the time that its sources take. May be called by many processes at once.
 */
export async function bundledCommandLine() {
  if (!isFresh()) {
    const { build } = await import('esbuild');
    const { outputFiles, metafile } = await build({
      ...commandLineOptions,
      outdir: FOLDER,
      plugins: [laptopFromSources],
    });
    write(outputFiles, madeOf(metafile));
  }
  return pathToFileURL(ENTRY).href;
}

/** How the command line is bundled, for a clone and for the package alike. */
export const commandLineOptions = {
  absWorkingDir: ROOT,
  entryPoints: [join(ROOT, 'bin', 'keyturn.ts')],
  entryNames: 'keyturn',
  bundle: true,
  // What a command does not use is not read.
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  // Naming a condition takes away esbuild's default one, "module".
  conditions: ['keyturn-source', 'module'],
  external: ['@keyturn/laptop'],
  banner: {
    js: "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'silent',
  metafile: true,
  write: false,
};

/** In a clone the laptop runs from its sources. */
const laptopFromSources = {
  name: 'laptop from its sources',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^@keyturn\/laptop$/ }, () => ({
      path: pathToFileURL(join(ROOT, 'packages/laptop/index.ts')).href,
      external: true,
    })),
};

function isFresh() {
  try {
    const record = JSON.parse(readFileSync(RECORD, 'utf8'));
    return Object.entries(record).every(([path, stamp]) => stampOf(path) === stamp);
  } catch {
    // Never made, or its record is no record: it is made.
    return false;
  }
}

/** The project's own files; of a dependency the file that holds its version. */
function madeOf({ inputs }) {
  const paths = new Set(['tools/bundle/command-line.js']);
  for (const path of Object.keys(inputs)) {
    const [, dependency] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
    paths.add(dependency === undefined ? path : `${dependency}/package.json`);
  }
  return Object.fromEntries([...paths].map((path) => [path, stampOf(path)]));
}

function stampOf(path) {
  const { mtimeMs, size } = statSync(join(ROOT, path));
  return `${mtimeMs} ${size}`;
}

/**
 * Chunks are named by what is in them, and the entry and the record come last, each as a whole: who runs meanwhile
 * finds what it imports. Chunks of before stay for the processes that still run them.
 */
function write(files, record) {
  mkdirSync(FOLDER, { recursive: true });
  const entryLast = [...files].sort((a, b) => Number(a.path === ENTRY) - Number(b.path === ENTRY));
  for (const { path, contents } of entryLast) replace(path, contents);
  replace(RECORD, JSON.stringify(record));
}

function replace(path, contents) {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}
