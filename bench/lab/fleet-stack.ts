import { ArnFormat, CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { RotationPipeline } from '../../stacks/rotation-pipeline.ts';

/** Names of the fleet's secrets: the benchmark makes as many of them as it needs. */
export const fleetName = (index: number) => `fleet/${String(index).padStart(4, '0')}`;
export const FLEET_SECRETS = 1_000;

/**
 * A pipeline that may rotate every secret under `fleet/`, as if each had been deployed. A stack holds 500 resources, so
 * the secrets and their settings are made through the API.
 */
export class FleetStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const pipeline = new RotationPipeline(this, 'Keyturn');
    const rotation = pipeline.rotationFunction('api-key');
    const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
    const secrets = this.formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: 'fleet/*',
      arnFormat,
    });
    const settings = this.formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: `${pipeline.settingsPrefix.slice(1)}/fleet/*`,
    });
    const actions = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'];
    rotation.allow(
      actions.map((action) => `secretsmanager:${action}`),
      [secrets],
    );
    rotation.allow(['ssm:GetParameter'], [settings]);
    pipeline.workflow.mayRotate(secrets);
    pipeline.prepare.allow(['secretsmanager:DescribeSecret'], [secrets]);
    pipeline.prepare.allow(['ssm:GetParameter'], [settings]);
    for (let index = 0; index < FLEET_SECRETS + 100; index += 1) pipeline.labelRules.watch(fleetName(index));
    new CfnOutput(this, 'RotationFunctionArn', { value: rotation.function.functionArn });
    new CfnOutput(this, 'SettingsPrefix', { value: pipeline.settingsPrefix });
  }
}
