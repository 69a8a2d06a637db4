import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedStack } from '../assembly/load-assembly.ts';
import { createCloud } from '../create-cloud.ts';
import { AssemblyUnusable, PortTaken } from '../errors.ts';
import type { RunningCloud } from '../running-cloud.ts';
import { sourceCommand, writeEnvironmentFile } from '../runs/environment-file.ts';
import type { Remove } from '../runs/private-file.ts';
import { runFolder } from '../runs/run-file.ts';
import type { RdsService } from '../services/rds/service.ts';

export interface ServeOptions {
  /** The port of 127.0.0.1 to listen on; 0 takes a free one. */
  readonly port: number;
  /** Waits of state machines take this share of their time: 0 ≤ x ≤ 1. */
  readonly timeScale: number;
  /**
   * The folder that `cdk synth` wrote.
   * @default - nothing is loaded
   */
  readonly assembly?: string;
  /**
   * A file that a shell sources to speak to this run. It goes away with the run.
   * @default - none is written
   */
  readonly environmentFile?: string;
  /**
   * A key that the cloud does not know stands for the administrator, unchecked.
   * @default false
   */
  readonly anyCredentials?: boolean;
  /** Where the one line goes that says that everything is loaded. */
  print(line: string): void;
  /** Where everything else goes that a person may want to read. */
  note(line: string): void;
}

/**
 * Runs the cloud until the process gets SIGINT or SIGTERM; a second signal ends the process at once.
 *
 * @example
 * ```ts
 * import { serve } from '@keyturn/laptop';
 *
 * await serve({ port: 4610, timeScale: 1, assembly: 'cdk.out', print: console.log, note: console.error });
 * ```
 *
 * @throws PortTaken
 * @throws AssemblyUnusable
 * @throws FileUnusable
 */
export async function serve(options: ServeOptions): Promise<void> {
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const { assembly, environmentFile } = options;
  if (assembly !== undefined) requireAssembly(assembly);
  const cloud = await open(options);
  let removeEnvironment: Remove | undefined;
  try {
    if (environmentFile !== undefined) removeEnvironment = writeEnvironmentFile(environmentFile, cloud);
    const stacks = assembly === undefined ? [] : await load(assembly, cloud, options);
    options.print(
      `Ready on ${cloud.endpointUrl}: ${describe(stacks)}. Console: ${cloud.consoleUrl} ${shellHint(options)}Ctrl-C ends it.`,
    );
    await ended;
  } finally {
    removeEnvironment?.();
    await cloud.close();
  }
}

function shellHint({ environmentFile }: ServeOptions): string {
  return environmentFile === undefined ? '' : `AWS's tools: ${sourceCommand(environmentFile)} `;
}

function requireAssembly(folder: string): void {
  if (existsSync(join(folder, 'manifest.json'))) return;
  throw new AssemblyUnusable(
    `${folder}: expected a folder that "cdk synth" made, with a manifest.json in it. Run "cdk synth", or name another folder: --assembly FOLDER.`,
  );
}

async function open({ port, timeScale, anyCredentials = false, note }: ServeOptions): Promise<RunningCloud> {
  try {
    const settings = { stateMachineTimeScale: timeScale };
    return await createCloud({ port, settings, anyCredentials, runFolder: runFolder(), log: note });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new PortTaken(`Port ${port} is taken: another laptop's cloud? Choose another: --port 0 takes a free one.`, {
      cause,
    });
  }
}

async function load(assembly: string, cloud: RunningCloud, { note }: ServeOptions): Promise<LoadedStack[]> {
  const { loadAssembly } = await import('../assembly/load-assembly.ts');
  try {
    const stacks = await loadAssembly(assembly, cloud);
    const { caBundlePath } = cloud.service<RdsService>('rds');
    note(`Its databases present certificates of PGSSLROOTCERT=${caBundlePath}`);
    return stacks;
  } catch (cause) {
    throw new AssemblyUnusable(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function describe(stacks: readonly LoadedStack[]): string {
  if (stacks.length === 0) return 'an empty cloud';
  return stacks.map(({ name, resources }) => `${name} with ${Object.keys(resources).length} resources`).join(', ');
}
