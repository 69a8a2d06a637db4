import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import createSsmService from '../../../packages/laptop/services/ssm/service.ts';
import type { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { settingsParameterName } from '../../../pipeline/contracts/settings/settings-parameter.ts';

export const PREFIX = '/keyturn/test';

/** Secrets Manager and Parameter Store, with secrets in the care of a pipeline. */
export async function startStore() {
  const cloud: RunningCloud = await createCloud({ services: [createSsmService, createSecretsManagerService] });
  const options = {
    endpoint: cloud.endpointUrl,
    region: cloud.region,
    credentials: cloud.administrator,
  };
  const secretsManager = new SecretsManagerClient(options);
  const ssm = new SSMClient(options);
  const settle = (name: string, more: Partial<SecretSettings> = {}) => {
    const settings: SecretSettings = {
      schemaVersion: 1,
      name,
      kind: 'jwt',
      rotated: true,
      rotator: {},
      gracePeriodSeconds: 600,
      promotionTimeoutSeconds: 900,
      evidenceIntervalSeconds: 60,
      rollBackHandPutValues: false,
      consumers: [],
      checks: [],
      mirrors: [],
      ...more,
    };
    const parameter = { Name: settingsParameterName(PREFIX, name), Value: JSON.stringify(settings), Type: 'String' };
    return ssm.send(new PutParameterCommand({ ...parameter, Type: 'String', Overwrite: true }));
  };
  const create = (Name: string, tags: Record<string, string> = {}) =>
    secretsManager.send(
      new CreateSecretCommand({
        Name,
        SecretString: 'a value',
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
  const stop = async () => {
    for (const client of [secretsManager, ssm]) client.destroy();
    await cloud.close();
  };
  return { secretsManager, ssm, settle, create, stop };
}
