import { once } from 'node:events';
import type { LoadedStack } from '../local/assembly/load-assembly.ts';
import { createCloud, type RunningCloud } from '../local/create-cloud.ts';
import type { RdsService } from '../local/services/rds/service.ts';
import { AssemblyUnusable, PortTaken } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { exampleAssembly, requireAssembly } from './laptop/example-assembly.ts';
import type { Terminal } from './terminal/terminal.ts';

export interface LocalOptions {
  readonly port: number;
  readonly timeScale: number;
  readonly empty?: boolean;
  readonly assembly?: string;
}

/** Runs the laptop's cloud until it is interrupted. Prints one line when everything is loaded. */
export async function local(terminal: Terminal, options: LocalOptions): Promise<ExitCode> {
  const ended = untilSignal();
  const assembly = options.empty ? undefined : await chooseAssembly(terminal, options);
  const cloud = await open(terminal, options);
  try {
    const stacks = assembly === undefined ? [] : await load(terminal, assembly, cloud);
    terminal.print(
      `Ready on ${cloud.endpointUrl}: ${describe(stacks)}. Console: ${cloud.endpointUrl}/_local/console/ Ctrl-C ends it.`,
    );
    await ended;
    return exitCodes.ok;
  } finally {
    await cloud.close();
  }
}

function chooseAssembly(terminal: Terminal, { assembly }: LocalOptions): string | Promise<string> {
  return assembly === undefined ? exampleAssembly((line) => terminal.note(line)) : requireAssembly(assembly);
}

async function open(terminal: Terminal, { port, timeScale }: LocalOptions): Promise<RunningCloud> {
  try {
    return await createCloud({
      port,
      settings: { stateMachineTimeScale: timeScale },
      log: (line) => terminal.note(line),
    });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause;
    throw new PortTaken(`Port ${port} is taken: another keyturn local? Choose another: --port 0 takes a free one.`, {
      cause,
    });
  }
}

async function load(terminal: Terminal, assembly: string, cloud: RunningCloud): Promise<LoadedStack[]> {
  const { loadAssembly } = await import('../local/assembly/load-assembly.ts');
  try {
    const stacks = await loadAssembly(assembly, cloud);
    const { caBundlePath } = cloud.service<RdsService>('rds');
    terminal.note(`Its databases present certificates of PGSSLROOTCERT=${caBundlePath}`);
    return stacks;
  } catch (cause) {
    throw new AssemblyUnusable(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function describe(stacks: readonly LoadedStack[]): string {
  if (stacks.length === 0) return 'an empty cloud';
  return stacks.map(({ name, resources }) => `${name} with ${Object.keys(resources).length} resources`).join(', ');
}

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process as it would without us. */
function untilSignal(): Promise<unknown> {
  return Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
