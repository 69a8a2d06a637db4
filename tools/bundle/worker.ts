import { type MessagePort, parentPort } from 'node:worker_threads';
import { type BuildFailure, type BuildOptions, build } from 'esbuild';
import { leavingOut, prunedModels, sharedClients } from './plugins.ts';
import { SourceChanged } from './prune-models.ts';
import { rdsMembers } from './rds-members.ts';

export interface BundleRequest {
  readonly options: BuildOptions;
  readonly answer: MessagePort;
  /** Becomes 1 when the answer is there. */
  readonly signal: Int32Array;
}

export interface BundleAnswer {
  readonly fault?: string;
}

/** Read and pruned once for all bundles of a process. */
const plugins = [prunedModels({ 'client-rds': rdsMembers }), sharedClients(), leavingOut];

parentPort?.on('message', async ({ options, answer, signal }: BundleRequest) => {
  answer.postMessage(await write(options));
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
});

async function write(options: BuildOptions): Promise<BundleAnswer> {
  try {
    await build({ ...options, plugins, logLevel: 'silent' });
    return {};
  } catch (error) {
    const change = (error as Partial<BuildFailure>).errors?.find(({ detail }) => detail instanceof SourceChanged);
    if (change) return { fault: change.text };
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
