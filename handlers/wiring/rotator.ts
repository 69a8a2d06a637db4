import { randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import type * as v from 'valibot';
import { parse } from '../../pipeline/contracts/parse.ts';
import { reportRotationWith } from '../../pipeline/reports/rotation-report.ts';
import { adoptWith } from '../../pipeline/rotation/adopt.ts';
import type { RotationFunction } from '../../pipeline/rotation/rotation-function.ts';
import { SecretStore } from '../../pipeline/rotation/secret-store.ts';
import { serve } from '../../pipeline/rotation/serve.ts';
import type { Rotator } from '../../pipeline/rotators/rotator.ts';
import { SettingsReader } from '../../pipeline/settings/read-settings.ts';
import { environmentText, readEnvironment } from './environment.ts';
import { describeError, writeLog } from './write-log.ts';

/** The Lambda handler of one secret kind's rotation function. */
export function rotatorHandler<Payload, Settings>(kind: {
  rotator(clients: { secretsManager: SecretsManagerClient; now: () => Date }): Rotator<Payload, Settings>;
  settings: v.GenericSchema<unknown, Settings>;
}): (event: unknown) => Promise<unknown> {
  const environment = readEnvironment({
    KEYTURN_SETTINGS_PREFIX: environmentText,
    KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: environmentText,
    EVENT_BUS_NAME: environmentText,
  });
  const now = () => new Date();
  const secretsManager = new SecretsManagerClient({});
  const settings = new SettingsReader({ client: new SSMClient({}), prefix: environment.KEYTURN_SETTINGS_PREFIX, now });
  const rotationFunction: RotationFunction<Payload, Settings> = {
    store: new SecretStore(secretsManager),
    rotator: kind.rotator({ secretsManager, now }),
    readSettings: async (secretArn) => {
      const secret = await settings.read(secretArn);
      return { secret, rotator: parse(`The rotator settings of ${secret.name}`, kind.settings, secret.rotator) };
    },
    adopt: adoptWith({
      client: new SFNClient({}),
      stateMachineArn: environment.KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN,
    }),
    report: reportRotationWith({
      client: new EventBridgeClient({}),
      busName: environment.EVENT_BUS_NAME,
      newId: randomUUID,
      warn: (message, error) => writeLog('WARN', message, { error: error instanceof Error ? error.name : 'unknown' }),
    }),
    now,
  };
  return async (event) => {
    try {
      return await serve(rotationFunction as RotationFunction, event);
    } catch (error) {
      writeLog('ERROR', 'The rotation function failed.', { error: describeError(error) });
      throw error;
    }
  };
}
