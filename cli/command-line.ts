import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { oneLine } from '../pipeline/contracts/grammar/shown-text.ts';
import { LAPTOP_PORT } from './aws/laptop-run.ts';
import { addCommands } from './commands.ts';
import { PACKAGE_ROOT } from './laptop/package-root.ts';
import { describeError } from './terminal/describe-error.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
import { openTerminal, type Streams } from './terminal/terminal.ts';

/** Runs one command. Every outcome is an exit code, and every error one line on standard error. */
export async function runCommandLine(words: readonly string[], streams: Streams = process): Promise<ExitCode> {
  const terminal = openTerminal(streams);
  let outcome: ExitCode = exitCodes.ok;
  const program = makeProgram(streams);
  addCommands({
    program,
    terminal,
    end: (code) => {
      outcome = code;
    },
  });
  try {
    await program.parseAsync(withLaptopPort(words), { from: 'user' });
    return outcome;
  } catch (error) {
    // Help and the version are no errors; commander has printed them.
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    const { message, exitCode } = error instanceof CommanderError ? describeUsage(error) : describeError(error);
    terminal.note(`${terminal.paint('red', 'keyturn:')} ${message}`);
    return exitCode;
  }
}

/** The port of `--laptop` is written with `=`, so that the word after it stays what it is: a secret's name. */
function withLaptopPort(words: readonly string[]): string[] {
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  return words.map((word, at) => (word === '--laptop' && at < end ? `--laptop=${LAPTOP_PORT}` : word));
}

const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };

const EXIT_CODES = `
Exit codes: 0 well, 1 tried and not well, 2 usage, 3 not found, 4 no access, 5 no answer, 6 not now.
docs/command-line.md says more.`;

function makeProgram({ stdout }: Streams): Command {
  return new Command('keyturn')
    .description('Rotates secrets and proves that everything still works.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      // What commander would print about an error is said in one line of ours.
      writeErr: () => undefined,
    })
    .showSuggestionAfterError()
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this')
    .helpCommand(false)
    .addHelpText('after', EXIT_CODES);
}

function describeUsage(error: CommanderError): { message: string; exitCode: ExitCode } {
  if (error.code === 'commander.help') {
    return { message: 'Say what to do: keyturn --help lists the commands.', exitCode: exitCodes.usage };
  }
  return { message: oneLine(error.message.replace(/^error: /, '')), exitCode: exitCodes.usage };
}
