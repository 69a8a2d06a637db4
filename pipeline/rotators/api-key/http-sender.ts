import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { textAt } from '@keyturn/consumer/contracts/json-pointer';
import { isSameSecret } from '@keyturn/consumer/contracts/same-secret';
import type { HttpSettings } from '../../contracts/settings/api-key.ts';
import { placeholdersOf } from '../../contracts/settings/http-provider.ts';
import { PayloadInvalid } from '../errors.ts';
import type { ApiKeyDependencies } from './dependencies.ts';
import { describeRequest, describeStatus, type HttpAnswer, type RequestTemplate, send } from './http-client.ts';

type Values = Readonly<Record<string, string>>;
/** `tries`: how often a request is sent that the vendor puts off (429). */
export type Send = (template: RequestTemplate, values: Values, tries?: number) => Promise<HttpAnswer>;

/**
 * Sends a vendor's requests with everything filled in. The admin key is read for each request that needs it, never kept:
 * it is rotated too. Refused with 401, which means that nothing was done, it is read once more, and the request sent again
 * if it has changed meanwhile.
 * @throws TargetRefused when the vendor does not accept it
 */
export function httpSender(dependencies: ApiKeyDependencies, settings: HttpSettings): Send {
  const { fetch, sleep } = dependencies;
  const client = { fetch, sleep, requestTimeoutSeconds: settings.requestTimeoutSeconds };
  const variables = prefixed('variables', settings.variables);
  return async (template, given, tries) => {
    const values = { ...variables, ...given };
    if (!placeholdersOf(Object.values(template)).some((name) => name.startsWith('admin.'))) {
      return send(client, template, values, tries);
    }
    const admin = await readAdmin(dependencies, settings);
    const answer = await send(client, template, { ...values, ...admin }, tries);
    if (answer.status !== 401) return answer;
    const again = await readAdmin(dependencies, settings);
    const isSame = Object.entries(again).every(([name, value]) => isSameSecret(admin[name], value));
    if (isSame)
      throw describeStatus(
        describeRequest(template),
        answer,
        `The key in ${settings.admin.secretArn} is not accepted: put one that may manage keys.`,
      );
    return send(client, template, { ...values, ...again }, tries);
  };
}

async function readAdmin(dependencies: ApiKeyDependencies, settings: HttpSettings): Promise<Record<string, string>> {
  const { secretArn, values } = settings.admin;
  const answer = await dependencies.secretsManager.send(new GetSecretValueCommand({ SecretId: secretArn }));
  const text = answer.SecretString ?? '';
  const found = Object.entries(values).map(([name, pointer]) => {
    const value = pointer === '' ? text.trim() : textAt(parseObject(text), pointer);
    if (value) return [name, value] as const;
    throw new PayloadInvalid(
      `${secretArn}: no text at ${pointer || 'its place'}, where admin.${name} is expected. Put the key that manages keys there, or correct "admin.values".`,
    );
  });
  return prefixed('admin', Object.fromEntries(found));
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is dropped on purpose: JSON.parse quotes what it could not read, which is a secret.
    return undefined;
  }
}

function prefixed(prefix: string, values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}
