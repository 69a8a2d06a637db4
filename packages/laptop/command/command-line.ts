import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LaptopError } from '../errors.ts';
import type { ServeOptions } from './serve.ts';

/** What the process ends with. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, portTaken: 5 } as const;

const HELP = `Usage: laptop [options]

Runs AWS on this machine: empty, or with what "cdk synth" wrote.

  --assembly <folder>    the assembly to load, such as cdk.out (default: an empty cloud)
  --port <number>        the port of 127.0.0.1 to listen on; 0 takes a free one (default: 4599)
  --environment <file>   writes what a shell sources to speak to this run; the file goes away with it
  --any-credentials      takes any access key for the administrator's, unchecked: for test suites
  --time-scale <factor>  waits of state machines take this share of their time: 0.01 (default: 1)
  -V, --version          show the version
  -h, --help             show this

Examples:
  laptop
  laptop --assembly cdk.out --port 0
  laptop --environment laptop.env

Exit codes: 0 well, 1 failed, 2 usage or an unusable assembly, 5 the port is taken.
`;

interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

class UsageError extends Error {}

/** Runs the command `laptop`. Every outcome is an exit code, and every error one line on standard error. */
export async function runLaptop(words: readonly string[], { stdout, stderr }: Streams = process): Promise<number> {
  try {
    const options = readWords(words);
    if (options === 'help') stdout.write(HELP);
    else if (options === 'version') stdout.write(`${version()}\n`);
    else {
      // Only now: help waits for no cloud.
      const { serve } = await import('./serve.ts');
      await serve({
        ...options,
        print: (line) => stdout.write(`${line}\n`),
        note: (line) => stderr.write(`${line}\n`),
      });
    }
    return exitCodes.ok;
  } catch (error) {
    const { message, exitCode } = describe(error);
    stderr.write(`laptop: ${message}\n`);
    return exitCode;
  }
}

type Options = Pick<ServeOptions, 'port' | 'timeScale' | 'assembly' | 'environmentFile' | 'anyCredentials'>;

function readWords(words: readonly string[]): Options | 'help' | 'version' {
  const { values } = parse(words);
  if (values.help) return 'help';
  if (values.version) return 'version';
  return {
    port: readNumber('--port', values.port ?? '4599', { most: 65_535, whole: true }),
    timeScale: readNumber('--time-scale', values['time-scale'] ?? '1', { most: 1, whole: false }),
    anyCredentials: values['any-credentials'] === true,
    ...(values.assembly !== undefined && { assembly: values.assembly }),
    ...(values.environment !== undefined && { environmentFile: values.environment }),
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        assembly: { type: 'string' },
        port: { type: 'string' },
        environment: { type: 'string' },
        'any-credentials': { type: 'boolean' },
        'time-scale': { type: 'string' },
        version: { type: 'boolean', short: 'V' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/\. |\n/);
    throw new UsageError(`${reason}. laptop --help lists the options.`, { cause });
  }
}

function readNumber(option: string, text: string, { most, whole }: { most: number; whole: boolean }): number {
  const number = Number(text);
  if (/^\d*\.?\d+$/.test(text) && number <= most && (!whole || Number.isInteger(number))) return number;
  throw new UsageError(`${option}: expected a ${whole ? 'whole ' : ''}number from 0 to ${most}, came ${text}.`);
}

function describe(error: unknown): { message: string; exitCode: number } {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');
  if (error instanceof UsageError) return { message, exitCode: exitCodes.usage };
  if (!(error instanceof LaptopError)) return { message, exitCode: exitCodes.failed };
  return { message, exitCode: error.code === 'PortTaken' ? exitCodes.portTaken : exitCodes.usage };
}

/** From the sources as well as from the package, where this file is one folder deeper. */
function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    const url = new URL(place, import.meta.url);
    try {
      return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('package.json is missing beside the laptop.');
}
