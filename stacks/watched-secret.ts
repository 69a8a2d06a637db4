import { Stack } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type {
  CheckSettings,
  ConsumerSettings,
  MirrorSettings,
  SecretSettings,
} from '../pipeline/contracts/settings/secret.ts';
import { settingsParameterName } from '../pipeline/contracts/settings/settings-parameter.ts';
import type { CheckProps } from './check-functions.ts';
import { grantPropagation } from './rotated-secret.ts';
import type { RotationPipeline } from './rotation-pipeline.ts';
import { arnForPolicies } from './secret-arn.ts';

export interface WatchedSecretProps {
  readonly pipeline: RotationPipeline;
  /** Its name in Secrets Manager. */
  readonly secretName: string;
  readonly secret: secretsmanager.ISecret;
  readonly consumers?: ConsumerSettings[];
  readonly checks?: CheckProps[];
  readonly mirrors?: MirrorSettings[];
}

/** A secret whose value others put: the pipeline brings it to its consumers and checks it, and never rotates it. */
export class WatchedSecret extends Construct {
  readonly settings: ssm.StringParameter;

  constructor(scope: Construct, id: string, props: WatchedSecretProps) {
    super(scope, id);
    const { pipeline, secret, secretName } = props;
    const checks = pipeline.checkFunctions.settle(secret, props.checks ?? []);
    this.settings = new ssm.StringParameter(this, 'Settings', {
      parameterName: settingsParameterName(pipeline.settingsPrefix, secretName),
      simpleName: false,
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      description: `Keyturn: what the pipeline knows of ${secretName}`,
      stringValue: Stack.of(this).toJsonString(settingsOf(props, checks)),
    });
    pipeline.labelRules.watch(secretName);
    pipeline.prepare.allow(['secretsmanager:DescribeSecret'], [arnForPolicies(secret)]);
    pipeline.prepare.allow(['ssm:GetParameter'], [this.settings.parameterArn]);
    pipeline.dashboard.mayShow(arnForPolicies(secret));
    pipeline.audit.mayLookAt(arnForPolicies(secret), this.settings.parameterArn);
    grantPropagation(pipeline, { ...props, checks });
  }
}

function settingsOf({ secretName, consumers, mirrors }: WatchedSecretProps, checks: CheckSettings[]): SecretSettings {
  return {
    schemaVersion: 1,
    name: secretName,
    kind: 'watched',
    rotated: false,
    rotator: {},
    gracePeriodSeconds: 0,
    promotionTimeoutSeconds: 900,
    evidenceIntervalSeconds: 60,
    rollBackHandPutValues: false,
    consumers: consumers ?? [],
    checks,
    mirrors: mirrors ?? [],
  };
}
