import { blocksOfClass, documents, readDocument } from './blocks.ts';

/** One command, as a shell would start it. */
export interface CommandLine {
  /** `docs/operating.md: keyturn status` */
  readonly where: string;
  readonly program: string;
  readonly words: readonly string[];
}

/** What a sentence may tell somebody to type. */
const PROGRAMS = ['keyturn', 'npx', 'npm', 'node', 'aws', 'git', 'curl'];

/** What a shell does itself; environment-file.test.ts sources the file, and pipes the token, as the documents say. */
const silent = ['export', '.', 'printf'];

/** Every command of every document: those of shell blocks, and those that stand in a sentence as `code`. */
export function commandLines(): CommandLine[] {
  const inBlocks = blocksOfClass('sh').map(({ document, text }) => ({ document, text }));
  const inSentences = documents.flatMap((document) =>
    [...readDocument(document).matchAll(/`([^`\n]+)`/g)]
      .map(([, text]) => ({ document, text: text as string }))
      .filter(({ text }) => PROGRAMS.includes(text.split(' ')[0] ?? '') && text.includes(' ')),
  );
  const found = [...inBlocks, ...inSentences].flatMap(({ document, text }) =>
    splitCommands(text).map(([program = '', ...words]) => ({
      where: `${document}: ${[program, ...words].join(' ')}`,
      program,
      words,
    })),
  );
  return [...new Map(found.map((command) => [command.where, command])).values()];
}

/**
 * A shell's words: quotes, comments, lines that go on, and what stands between `&&`, `|` and `;`. Variables that are set
 * are left out. What it does not know it refuses, so that no document has it untested.
 */
export function splitCommands(text: string): string[][] {
  const commands: string[][] = [[]];
  const pattern = /\s+#.*$|^#.*$|(\n|&&|\||;)|((?:'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"|&;])+)/gm;
  for (const [, end, word] of text.replaceAll('\\\n', ' ').matchAll(pattern)) {
    if (end) commands.push([]);
    else if (word) commands.at(-1)?.push(unquote(word));
  }
  return commands
    .map((words) =>
      silent.includes(words[0] ?? '') ? [] : words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))),
    )
    .filter((words) => words.length > 0);
}

function unquote(word: string): string {
  if (/\$\(/.test(word)) throw new Error(`${word}: commands inside of commands are not read here.`);
  return word.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, (_, plain, quoted) => plain ?? quoted.replace(/\\(.)/g, '$1'));
}
