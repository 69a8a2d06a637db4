import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './blocks.ts';
import { compile } from './snippets.ts';

/** The comments of what a package exports, and the examples in them. */
export class DocComments {
  readonly #sources: readonly string[];

  /** @param paths of git: files, or patterns. The first declaration of a name counts. */
  constructor(...paths: readonly string[]) {
    this.#sources = paths.flatMap((path) =>
      execFileSync('git', ['ls-files', path], { cwd: root, encoding: 'utf8' })
        .trim()
        .split('\n')
        .map((file) => readFileSync(join(root, file), 'utf8')),
    );
  }

  /** The comment right before a declaration, without its stars. */
  commentOf(name: string): string | undefined {
    const declaration = new RegExp(
      `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport (?:abstract )?(?:async )?(?:class|function|const) ${name}\\b`,
    );
    const found = this.#sources.map((source) => declaration.exec(source)?.[1]).find((comment) => comment !== undefined);
    return found?.replace(/^ *\* ?/gm, '').trim();
  }

  examplesOf(name: string): string[] {
    const comment = this.commentOf(name) ?? '';
    return [...comment.matchAll(/@example\n```ts\n([\s\S]*?)\n```/g)].map(([, code]) => code as string);
  }

  /** Of these names those without an example that imports them from the package. */
  withoutExample(names: readonly string[], packageName: string): string[] {
    return names.filter((name) => {
      const importing = new RegExp(`^import .*\\b${name}\\b.*'${packageName}`, 'm');
      return !this.examplesOf(name).some((code) => importing.test(code));
    });
  }

  /** Of these names those whose comment begins with a tag, or that have none. */
  withoutBeginning(names: readonly string[]): string[] {
    return names.filter((name) => !/^[A-Z][A-Za-z`' ]/.test(this.commentOf(name)?.split('\n')[0] ?? ''));
  }

  /** Compiles every example against the published entry points. Answers the compiler's words, '' where it has none, and how many it saw. */
  compileExamples(names: readonly string[]): { words: string; count: number; wrong: string } {
    mkdirSync(join(root, '.keyturn'), { recursive: true });
    const scratch = mkdtempSync(join(root, '.keyturn/examples-'));
    try {
      const examples = names.flatMap((name) => this.examplesOf(name).map((code) => ({ name, code })));
      for (const [index, { name, code }] of examples.entries()) {
        writeFileSync(join(scratch, `example-${index}.ts`), `// ${name}\n${code}\n`);
      }
      const config = { extends: '../../tsconfig.json', include: ['*.ts'] };
      writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
      const words = compile(scratch);
      // A mistake on purpose: the compiler has looked at the folder.
      writeFileSync(join(scratch, 'wrong.ts'), "export const text: number = 'text';\n");
      return { words, count: examples.length, wrong: compile(scratch) };
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
}
