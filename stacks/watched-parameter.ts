import { Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { type ParameterSettings, parameterSettingsName } from '../pipeline/contracts/settings/parameter.ts';
import type { ConsumerSettings } from '../pipeline/contracts/settings/secret.ts';
import type { RotationPipeline } from './rotation-pipeline.ts';

export interface WatchedParameterProps {
  readonly pipeline: RotationPipeline;
  /** `/app/flag`; with a slash at its end, everything under it: `/app/`. */
  readonly parameterName: string;
  readonly consumers: ConsumerSettings[];
}

/** A parameter, or a path of parameters, whose changes are brought to the functions that read it. */
export class WatchedParameter extends Construct {
  constructor(scope: Construct, id: string, props: WatchedParameterProps) {
    super(scope, id);
    const { pipeline, parameterName, consumers } = props;
    const settings: ParameterSettings = { schemaVersion: 1, name: parameterName, consumers };
    new ssm.StringParameter(this, 'Settings', {
      parameterName: parameterSettingsName(pipeline.settingsPrefix, parameterName),
      simpleName: false,
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      description: `Keyturn: who reads ${parameterName}`,
      stringValue: Stack.of(this).toJsonString(settings),
    });
    pipeline.configSync.watch(parameterName);
    for (const { functionArn, alias, freshness } of consumers) {
      if (freshness === 'notify') pipeline.workflow.mayNotify([alias ? `${functionArn}:${alias}` : functionArn]);
      else if (freshness === 'recycle') pipeline.mayRecycle(functionArn, alias);
    }
  }
}
