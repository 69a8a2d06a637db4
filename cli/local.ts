import { defaultAssembly } from './laptop/example-assembly.ts';
import { AssemblyUnusable, FileUnusable, LaptopMissing, PortTaken } from './terminal/errors.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
import type { Terminal } from './terminal/terminal.ts';

export interface LocalOptions {
  readonly port: number;
  readonly timeScale: number;
  readonly empty?: boolean;
  readonly assembly?: string;
  readonly environment?: string;
  readonly anyCredentials?: boolean;
}

/** Runs the laptop's cloud until it is interrupted. Prints one line when everything is loaded. */
export async function local(terminal: Terminal, options: LocalOptions): Promise<ExitCode> {
  const { serve, LaptopError } = await laptop();
  const { port, timeScale, anyCredentials = false } = options;
  const environment = options.environment === undefined ? {} : { environmentFile: options.environment };
  const note = (line: string) => terminal.note(line);
  const assembly = options.empty ? undefined : (options.assembly ?? (await defaultAssembly(note)));
  try {
    const print = (line: string) => terminal.print(line);
    await serve({ port, timeScale, assembly, anyCredentials, ...environment, note, print });
    return exitCodes.ok;
  } catch (cause) {
    if (!(cause instanceof LaptopError)) throw cause;
    const codes = { PortTaken, AssemblyUnusable, FileUnusable };
    throw new codes[cause.code](cause.message, { cause });
  }
}

/** The laptop is a package of its own, which nothing but this command needs. */
async function laptop(): Promise<typeof import('@keyturn/laptop')> {
  try {
    return await import('@keyturn/laptop');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    // A package that the laptop itself misses is another fault.
    if (!isMissing || !/'@keyturn\/laptop'/.test((cause as Error).message)) throw cause;
    throw new LaptopMissing('The laptop is not installed here. Run: npm install --save-dev @keyturn/laptop', { cause });
  }
}
