/**
 * AWS on one machine: one HTTP endpoint that the SDK, boto3 and the AWS CLI speak to, which runs the templates, functions
 * and state machines that a CDK app synthesizes. It knows nothing of the application that runs on it.
 */
export type { LoadedStack } from './assembly/load-assembly.ts';
export type { Clock } from './clock.ts';
export { hostileSettings, type ServiceEvent, type Settings } from './cloud.ts';
export { type ServeOptions, serve } from './command/serve.ts';
export { type CloudOptions, createCloud } from './create-cloud.ts';
export { AssemblyUnusable, FileUnusable, LaptopError, type LaptopErrorCode, PortTaken } from './errors.ts';
export type { AdministratorKey } from './identity/administrator-key.ts';
export { findLeaks, type Leak } from './leaks/find-leaks.ts';
export type { RunningCloud } from './running-cloud.ts';
export { sourceCommand, writeEnvironmentFile } from './runs/environment-file.ts';
export { runFolder } from './runs/run-file.ts';
export type { RdsService } from './services/rds/service.ts';
export type { SnsService } from './services/sns/service.ts';

import type { LoadedStack } from './assembly/load-assembly.ts';
import type { RunningCloud } from './running-cloud.ts';

/**
 * Loads what `cdk synth` wrote into a running cloud: every stack, in the order of their dependencies. A resource that the
 * laptop does not support stops the load, and the message names its logical id.
 *
 * @example
 * ```ts
 * import { createCloud, loadAssembly } from '@keyturn/laptop';
 *
 * const cloud = await createCloud();
 * const [stack] = await loadAssembly('cdk.out', cloud);
 * console.log(stack?.outputs);
 * ```
 */
export async function loadAssembly(folder: string, cloud: RunningCloud): Promise<LoadedStack[]> {
  // Only now: an empty cloud starts without the providers of resources.
  const assembly = await import('./assembly/load-assembly.ts');
  return assembly.loadAssembly(folder, cloud);
}
