import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { root } from './blocks.ts';

const entries = ['stacks/index.ts', 'pipeline/rotators/postgres/scram-verifier.ts'];
let folder: string;
/** The declarations that the package's entries reach, by file. */
let declarations: Map<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-declarations-'));
  emit();
  declarations = new Map();
  for (const entry of entries) collect(join(folder, entry.replace(/\.ts$/, '.d.ts')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As the package is built: without internal members. */
function emit(): void {
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    outDir: folder,
    rootDir: root,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const files = entries.map((entry) => join(root, entry));
  writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files }));
  const compiler = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  execFileSync(process.execPath, [join(compiler, 'bin/tsc'), '-p', config]);
}

function collect(file: string): void {
  const path = relative(folder, file);
  if (declarations.has(path)) return;
  const text = readFileSync(file, 'utf8');
  declarations.set(path, text);
  for (const name of importsOf(text).filter((each) => each.startsWith('.'))) {
    collect(join(dirname(file), name.replace(/\.ts$/, '.d.ts')));
  }
}

/** Imports of code; examples in comments import the package itself. */
const importsOf = (text: string) =>
  [...text.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(/(?:\bfrom|\bimport\(?)\s*['"]([^'"]+)['"]/g)].map(
    ([, name = '']) => name,
  );

test('the public types name nothing but the CDK and constructs', () => {
  const named = [...declarations.values()].flatMap(importsOf).filter((name) => !name.startsWith('.'));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !/^(aws-cdk-lib(\/.*)?|constructs)$/.test(name))).toEqual([]);
});

test('the parts of a pipeline are not among them', () => {
  expect(
    [...declarations.keys()].filter((path) => /state-machines|bundled-function|managed-secrets/.test(path)),
  ).toEqual([]);
  expect(declarations.get('stacks/rotation-pipeline.d.ts')).not.toMatch(/\b(manage|admit|watchParameter)\(/);
});

test('every property of a public interface says what it is, and its default where it may be missing', () => {
  const properties = [...declarations].flatMap(([path, text]) => propertiesOf(text).map((each) => ({ path, ...each })));
  expect(properties.length).toBeGreaterThan(80);
  const bare = properties.filter(({ optional, comment }) => !comment || (optional && !comment.includes('@default')));
  expect(bare.map(({ path, name }) => `${path}: ${name}`)).toEqual([]);
});

test('no public property has the type of an object without a name', () => {
  const properties = [...declarations.values()].flatMap(propertiesOf);
  expect(properties.filter(({ type }) => type.startsWith('{')).map(({ name }) => name)).toEqual([]);
});

function propertiesOf(text: string): { name: string; optional: boolean; type: string; comment: string | undefined }[] {
  const interfaces = [...text.matchAll(/^export interface [^{]+\{\n([\s\S]*?)^\}/gm)].map(([, body = '']) => body);
  return interfaces.flatMap((body) =>
    [...body.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?^ {4}readonly '?([\w$-]+)'?(\??): (.*)/gm)].map(
      ([, comment, name = '', optional, type = '']) => ({ name, optional: optional === '?', type, comment }),
    ),
  );
}
