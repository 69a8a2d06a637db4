import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import type * as v from 'valibot';
import { parse } from '../../pipeline/contracts/parse.ts';
import type { RotationFunction } from '../../pipeline/rotation/rotation-function.ts';
import { SecretStore } from '../../pipeline/rotation/secret-store.ts';
import type { Rotator } from '../../pipeline/rotators/rotator.ts';
import { SettingsReader } from '../../pipeline/settings/read-settings.ts';

/** A secret kind, as its rotation function and its verification function serve it. */
export interface ServedKind<Payload, Settings> {
  rotator(clients: { secretsManager: SecretsManagerClient; now: () => Date }): Rotator<Payload, Settings>;
  readonly settings: v.GenericSchema<unknown, Settings>;
}

export function defineKind<Payload, Settings>(kind: ServedKind<Payload, Settings>): ServedKind<Payload, Settings> {
  return kind;
}

/** What both functions of a kind work with, from the environment of the function. */
export function openKind<Payload, Settings>(
  kind: ServedKind<Payload, Settings>,
  settingsPrefix: string,
): Pick<RotationFunction<Payload, Settings>, 'store' | 'rotator' | 'readSettings' | 'now'> {
  const now = () => new Date();
  const secretsManager = new SecretsManagerClient({});
  const settings = new SettingsReader({ client: new SSMClient({}), prefix: settingsPrefix, now });
  return {
    store: new SecretStore(secretsManager),
    rotator: kind.rotator({ secretsManager, now }),
    readSettings: async (secretArn) => {
      const secret = await settings.read(secretArn);
      return { secret, rotator: parse(`The rotator settings of ${secret.name}`, kind.settings, secret.rotator) };
    },
    now,
  };
}
