import { randomUUID } from 'node:crypto';
import { CreateSecretCommand, DescribeSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import createEventsService from '../../packages/laptop/services/events/service.ts';
import createSsmService from '../../packages/laptop/services/ssm/service.ts';
import type { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import { settingsParameterName } from '../../pipeline/contracts/settings/settings-parameter.ts';
import { eventually } from '../eventually.ts';
import { type Laptop, openLaptop } from '../pipeline/rotators/native-rotation.ts';

const PREFIX = '/keyturn/test';

/** A laptop and an environment in which a handler, imported after this, finds it as in a function. */
export async function openFunctionLaptop(variables: Record<string, string> = {}): Promise<Laptop> {
  const laptop = await openLaptop([createSsmService, createEventsService]);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: laptop.cloud.endpointUrl,
    AWS_REGION: laptop.cloud.region,
    AWS_ACCESS_KEY_ID: laptop.cloud.administrator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: laptop.cloud.administrator.secretAccessKey,
    KEYTURN_SETTINGS_PREFIX: PREFIX,
    KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: `arn:aws:states:${laptop.cloud.region}:${laptop.cloud.accountId}:stateMachine:rotate-secret`,
    EVENT_BUS_NAME: 'default',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    ...variables,
  });
  return laptop;
}

/** A secret with its settings parameter, rotated by a handler as Secrets Manager calls it. */
export async function underHandler(
  laptop: Laptop,
  handler: (event: unknown) => Promise<unknown>,
  secret: { value: string; kind: SecretSettings['kind']; rotator: Record<string, unknown> },
) {
  const name = `app/${randomUUID().slice(0, 8)}`;
  const { ARN: arn = '' } = await laptop.secrets.send(
    new CreateSecretCommand({ Name: name, SecretString: secret.value }),
  );
  const settings = {
    schemaVersion: 1,
    name,
    kind: secret.kind,
    rotator: secret.rotator,
    gracePeriodSeconds: 3_600,
    promotionTimeoutSeconds: 900,
    consumers: [],
    checks: [],
  };
  const ssm = new SSMClient(laptop.clientOptions);
  await ssm.send(
    new PutParameterCommand({
      Name: settingsParameterName(PREFIX, name),
      Value: JSON.stringify(settings),
      Type: 'String',
    }),
  );
  ssm.destroy();
  const functionArn = `arn:aws:lambda:${laptop.cloud.region}:${laptop.cloud.accountId}:function:${name.replace('/', '-')}`;
  laptop.functions.set(functionArn, handler);
  const rotate = async () => {
    const token = `keyturn-${randomUUID().replaceAll('-', '')}`;
    await laptop.secrets.send(
      new RotateSecretCommand({ SecretId: arn, RotationLambdaARN: functionArn, ClientRequestToken: token }),
    );
    await eventually('a finished rotation', async () => {
      const { VersionIdsToStages: stages } = await laptop.secrets.send(new DescribeSecretCommand({ SecretId: arn }));
      const labels = stages?.[token] ?? [];
      return labels.includes('AWSCURRENT') && !labels.includes('AWSPENDING') ? true : undefined;
    });
    return token;
  };
  return { arn, rotate, value: () => laptop.service.read(laptop.cloud.region, arn) as string };
}
