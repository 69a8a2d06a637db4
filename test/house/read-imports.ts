import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseSync } from '@swc/core';

/** One import of one file: static, of types, dynamic, a re-export, `require` or a `URL` beside the file. */
export interface Import {
  readonly from: string;
  /** As the file writes it. */
  readonly specifier: string;
  /** The files of this repository that it may mean; empty for a package or a module of Node. */
  readonly files: readonly string[];
  /** Whether it names a file that is not there. */
  readonly isMissing: boolean;
}

/** Every import of a file, by its syntax tree. `path` is relative to `root`. */
export function readImports(root: string, path: string): Import[] {
  const specifiers = readSpecifiers(readFileSync(join(root, path), 'utf8'), path);
  // Settings such as cdk.json are data, and stand in no row.
  const ofCode = specifiers.filter((specifier) => !/^\.{1,2}\/.*(?<!\.asl)\.json$/.test(specifier));
  return ofCode.map((specifier) => {
    const files = filesOf(root, path, specifier);
    return {
      from: path,
      specifier,
      files: files.filter((file) => existsSync(join(root, file))),
      isMissing: files.some((file) => !existsSync(join(root, file))),
    };
  });
}

export function readSpecifiers(source: string, path: string): string[] {
  const isTypeScript = path.endsWith('.ts');
  const tree = parseSync(source, isTypeScript ? { syntax: 'typescript', target: 'es2023' } : { syntax: 'ecmascript' });
  const found = new Set<string>();
  visit(tree.body, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) found.add(specifier);
  });
  return [...found];
}

interface Node {
  readonly type: string;
  readonly [member: string]: any;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, see);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (typeof (value as Node).type === 'string') see(value as Node);
  for (const member of Object.values(value)) visit(member, see);
}

function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return node.source?.value;
    case 'TsImportType':
      return node.argument.value;
    case 'TsExternalModuleReference':
      return node.expression.value;
    case 'CallExpression':
      return isImportOrRequire(node.callee) ? textOf(node.arguments[0]?.expression) : undefined;
    case 'NewExpression':
      return urlBeside(node);
    default:
      return undefined;
  }
}

const isImportOrRequire = (callee: Node) =>
  callee.type === 'Import' || (callee.type === 'Identifier' && callee.value === 'require');

/** `new URL('./worker.ts', import.meta.url)`: code that is started, loaded or bundled by its address. */
function urlBeside({ callee, arguments: given }: Node): string | undefined {
  if (callee.value !== 'URL' || given?.[1]?.expression.type !== 'MemberExpression') return undefined;
  const text = textOf(given[0].expression);
  if (text === undefined || !/\.(ts|js|mjs|cjs)$/.test(text)) return undefined;
  return text.startsWith('.') ? text : `./${text}`;
}

function textOf(node: Node | undefined): string | undefined {
  if (node?.type === 'StringLiteral') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].cooked;
  return undefined;
}

function filesOf(root: string, path: string, specifier: string): string[] {
  if (specifier.startsWith('.')) return [normalize(join(dirname(path), specifier))];
  if (specifier.startsWith('#')) return sourcesOf(root, '.', 'imports', specifier);
  const own = packages.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (!own) return [];
  return sourcesOf(root, own.folder, 'exports', `.${specifier.slice(own.name.length)}`);
}

const packages = [
  { name: 'keyturn', folder: '.' },
  { name: '@keyturn/consumer', folder: 'packages/consumer' },
  { name: '@keyturn/laptop', folder: 'packages/laptop' },
];

/** What a package's own `exports` or `imports` makes of a name: the source, and what stands in for it without the condition. */
function sourcesOf(root: string, folder: string, map: 'exports' | 'imports', name: string): string[] {
  const entries: Record<string, Record<string, unknown>> = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  )[map];
  for (const [pattern, conditions] of Object.entries(entries)) {
    const [before = '', after] = pattern.split('*');
    const matches = after === undefined ? name === pattern : name.startsWith(before) && name.endsWith(after);
    if (!matches) continue;
    const star = after === undefined ? '' : name.slice(before.length, name.length - after.length);
    return Object.values(conditions)
      .filter(
        (target): target is string => typeof target === 'string' && target.endsWith('.ts') && !target.endsWith('.d.ts'),
      )
      .map((target) => normalize(join(folder, target.replace('*', star))));
  }
  return [`${folder} has no ${name}`];
}
