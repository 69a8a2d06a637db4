import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOfClass, root } from './blocks.ts';

export interface Snippet {
  readonly where: string;
  /** `construct`: stands in the constructor of a stack. `module`: is a file of its own. */
  readonly kind: 'construct' | 'module';
  readonly file: string;
}

/** What a reader of the documents has: test/examples/documented/given.ts makes it. */
const GIVEN = ['pipeline', 'vpc', 'alarmTopic', 'instance', 'api', 'bedrockUser', 'appSecret', 'jwtSecret'].concat(
  'superuserSecret',
);

/** Every TypeScript block as a file, where `keyturn` is what an adopter imports. `use` gets the folder, which then goes. */
export async function withSnippets<Result>(
  use: (folder: string, snippets: Snippet[]) => Result | Promise<Result>,
): Promise<Result> {
  mkdirSync(join(root, '.keyturn'), { recursive: true });
  const folder = mkdtempSync(join(root, '.keyturn/snippets-'));
  try {
    const snippets = blocksOfClass('ts').map(({ where, text }, index): Snippet => {
      const kind = /\bthis\b/.test(text) ? 'construct' : 'module';
      const file = `snippet-${index}.ts`;
      writeFileSync(join(folder, file), `// ${where}\n${kind === 'construct' ? inConstruct(text) : asModule(text)}`);
      return { where, kind, file };
    });
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }));
    return await use(folder, snippets);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the compiler complains of; nothing where all is well. */
export function compile(folder: string): string {
  try {
    return execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

function inConstruct(text: string): string {
  const imports = text.split('\n').filter((line) => line.startsWith('import '));
  const body = text.split('\n').filter((line) => !line.startsWith('import '));
  const used = GIVEN.filter((name) => new RegExp(`\\b${name}\\b`).test(body.join('\n')));
  const made = used.filter((name) => !body.some((line) => line.startsWith(`const ${name} =`)));
  return `${imports.join('\n')}
import { Construct as Surroundings } from 'constructs';
import type { Given } from '../../test/examples/documented/given.ts';

export class Shown extends Surroundings {
  constructor(scope: Surroundings, id: string, given: Given) {
    super(scope, id);
    const { ${made.join(', ')} } = given;
    ${body.join('\n    ')}
  }
}
`;
}

/** What it makes is exported, so that it can be tried. */
function asModule(text: string): string {
  const made = [...text.matchAll(/^const (\w+) =/gm)].map(([, name]) => name);
  return `${text}\nexport { ${made.join(', ')} };\n`;
}
