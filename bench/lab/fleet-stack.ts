import { ArnFormat, CfnOutput, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { RotationPipeline } from 'keyturn';
import { settingsPrefixOf } from '../../pipeline/contracts/settings/pipeline.ts';

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
    const settingsPrefix = settingsPrefixOf(pipeline.pipelineName);
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
      resourceName: `${settingsPrefix.slice(1)}/fleet/*`,
    });
    const actions = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'];
    rotation.allow(
      actions.map((action) => `secretsmanager:${action}`),
      [secrets],
    );
    rotation.allow(['ssm:GetParameter'], [settings]);
    pipeline.rotateSecret.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['secretsmanager:RotateSecret', 'secretsmanager:DescribeSecret'],
        resources: [secrets],
      }),
    );
    const secretNames = Array.from({ length: FLEET_SECRETS + 100 }, (_, index) => fleetName(index));
    pipeline.admit({ secretNames, secretArn: secrets, settingsParameterArn: settings });
    new CfnOutput(this, 'RotationFunctionArn', { value: rotation.function.functionArn });
    new CfnOutput(this, 'SettingsPrefix', { value: settingsPrefix });
  }
}
