import { Construct } from 'constructs';
import type { ConsumerSettings } from '../pipeline/contracts/settings/secret-types.ts';
import type { RotationPipeline } from './rotation-pipeline.ts';

export interface WatchedParameterProps {
  /** Whose care the parameter is in. */
  readonly pipeline: RotationPipeline;
  /** `/app/flag`; with a slash at its end, everything under it: `/app/`. Not a token: it names the settings. */
  readonly parameterName: string;
  /** The functions that read it. */
  readonly consumers: ConsumerSettings[];
}

/**
 * A parameter, or a path of parameters, whose changes are brought to the functions that read it.
 *
 * @example
 * ```ts
 * import type { Stack } from 'aws-cdk-lib';
 * import { type ConsumerSettings, type RotationPipeline, WatchedParameter } from 'keyturn';
 *
 * export const watchFlags = (stack: Stack, pipeline: RotationPipeline, consumers: ConsumerSettings[]) =>
 *   new WatchedParameter(stack, 'Flags', { pipeline, parameterName: '/shop/flags/', consumers });
 * ```
 */
export class WatchedParameter extends Construct {
  constructor(scope: Construct, id: string, { pipeline, parameterName, consumers }: WatchedParameterProps) {
    super(scope, id);
    pipeline.watchParameter(this, parameterName, consumers);
  }
}
