import { type Command, InvalidArgumentError } from 'commander';
import type { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal/terminal.ts';

/**
 * The commands' words and options. Each command's file is imported when it runs: `keyturn local` waits for no SDK
 * client, and `keyturn status` for no cloud.
 */
export function addCommands(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  addLocal(program, terminal, end);
}

function addLocal(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  program
    .command('local')
    .description('Runs a synthesized CDK assembly on this machine: the example, or your own.')
    .option('--port <number>', 'the port of 127.0.0.1 to listen on; 0 takes a free one', readPort, 4599)
    .option('--empty', 'a cloud with nothing in it')
    .option('--assembly <folder>', 'the assembly to load, such as cdk.out (default: the example)')
    .option('--time-scale <factor>', 'waits of state machines take this share of their time: 0.01', readScale, 1)
    .addHelpText(
      'after',
      `
Examples:
  keyturn local                             the example application, with Keyturn beside it
  keyturn local --assembly cdk.out          what your own "cdk synth" made
  keyturn local --empty --port 0            an empty cloud on a free port
  keyturn status --laptop                   asks it, from another terminal`,
    )
    .action(async (options) => {
      const { local } = await import('./local.ts');
      end(await local(terminal, options));
    });
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Expected a number from 0 to 65535.');
}

function readScale(text: string): number {
  const scale = Number(text);
  if (text.trim() !== '' && scale >= 0 && scale <= 1) return scale;
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}
