import { Command, CommanderError } from 'commander';
import { readPort } from '../cli/read-port.ts';
import { endWithReader } from '../cli/terminal/end-with-reader.ts';
import { type ExitCode, exitCodes } from '../cli/terminal/exit-codes.ts';
import { oneLine } from '../pipeline/contracts/grammar/shown-text.ts';

interface Options {
  readonly once?: boolean;
  readonly report?: string;
  readonly port?: number;
  readonly environment?: string;
}

const program = new Command('npm start --')
  .description('Deploys the example on this laptop and plays a month of its life under traffic.')
  .option('--once', 'ends when the play is over, instead of staying up')
  .option('--report <file>', 'writes the figures of the play to this file, as JSON')
  .option('--port <number>', 'the port of 127.0.0.1 to listen on (default: a free one)', readPort)
  .option('--environment <file>', "writes what a shell sources for AWS's tools; the file goes away at the end")
  .helpOption('-h, --help', 'show this')
  .exitOverride()
  // What commander would print about an error is said in one line of ours.
  .configureOutput({ writeErr: () => undefined });

endWithReader(process);
// The SDK warns of Node's age in ten lines at its first use; package.json says which versions run this.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
process.exitCode = await start();

async function start(): Promise<number> {
  let options: Options;
  try {
    options = program.parse().opts<Options>();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return report(error);
  }
  // Only now: who is refused waits for no cloud.
  const { play } = await import('../examples/play/play.ts');
  return play({
    once: options.once === true,
    ...(options.report !== undefined && { reportFile: options.report }),
    ...(options.port !== undefined && { port: options.port }),
    ...(options.environment !== undefined && { environmentFile: options.environment }),
  });
}

function report({ exitCode, message }: CommanderError): ExitCode {
  // Help is no error; commander has printed it.
  if (exitCode === 0) return exitCodes.ok;
  const reason = oneLine(message.replace(/^error: /, ''));
  process.stderr.write(`npm start: ${reason.replace(/([^.)])$/, '$1.')} npm start -- --help lists the options.\n`);
  return exitCodes.usage;
}
