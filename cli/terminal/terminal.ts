import { createInterface } from 'node:readline/promises';
import { oneLine, shownText } from '../../pipeline/contracts/grammar/shown-text.ts';
import { NotConfirmed, UsageError } from './errors.ts';

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';
const codes: Readonly<Record<Colour, [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

const ownCodes = new RegExp(`(\\u001b\\[(?:${Object.values(codes).flat().join('|')})m)`);

/** Where a command's words go: results to standard output, progress and questions to standard error. */
export interface Terminal {
  /** A line of the result. */
  print(line: string): void;
  /** A line of progress or advice; programs that read the result do not meet it. */
  note(line: string): void;
  paint(colour: Colour, text: string): string;
  /**
   * Asks before something that cannot be taken back, unless `yes` was given.
   * @throws NotConfirmed where the answer is no · UsageError where no person can answer
   */
  confirm(question: string, yes: boolean | undefined): Promise<void>;
}

export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function openTerminal({ stdin, stdout, stderr, env }: Streams): Terminal {
  const colours = usesColours(stdout.isTTY, env);
  return {
    print: (line) => void stdout.write(`${shownLine(line)}\n`),
    note: (line) => void stderr.write(`${shownLine(line)}\n`),
    paint: (colour, text) => (colours ? `\u001b[${codes[colour][0]}m${text}\u001b[${codes[colour][1]}m` : text),
    confirm: async (question, yes) => {
      if (yes) return;
      if (!stdin.isTTY) {
        throw new UsageError(`${question} There is no terminal to answer at. Pass --yes if that is what you want.`);
      }
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        const answer = await lines.question(`${oneLine(question)} Type yes to go on: `);
        if (answer.trim().toLowerCase() !== 'yes') throw new NotConfirmed('Nothing was done.');
      } finally {
        lines.close();
      }
    },
  };
}

/** The codes of `paint` are the only ones that reach a terminal, whatever text from outside a line holds. */
function shownLine(line: string): string {
  return line
    .split(ownCodes)
    .map((part, index) => (index % 2 === 0 ? shownText(part) : part))
    .join('');
}

/** Colours are for people at a terminal who have not said no. https://no-color.org */
export function usesColours(isTerminal: boolean | undefined, env: Streams['env']): boolean {
  return isTerminal === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
