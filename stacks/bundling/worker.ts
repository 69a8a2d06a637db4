import { type MessagePort, parentPort } from 'node:worker_threads';
import { type BuildOptions, build } from 'esbuild';
import { rdsMembers } from '../../pipeline/rotators/postgres/rds-members.ts';
import { leavingOut, prunedModels, sharedClients } from './plugins.ts';

export interface BundleRequest {
  readonly options: BuildOptions;
  readonly answer: MessagePort;
  /** Becomes 1 when the answer is there. */
  readonly signal: Int32Array;
}

/** What went wrong, or nothing. */
export type BundleAnswer = string | undefined;

/** Read and pruned once for all bundles of a process. */
const plugins = [prunedModels({ 'client-rds': rdsMembers }), sharedClients(), leavingOut];

parentPort?.on('message', async ({ options, answer, signal }: BundleRequest) => {
  let fault: BundleAnswer;
  try {
    await build({ ...options, plugins, logLevel: 'silent' });
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error);
  }
  answer.postMessage(fault);
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
});
