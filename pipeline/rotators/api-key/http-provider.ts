import { textAt, valueAt } from '@keyturn/consumer/contracts/json-pointer';
import { quote } from '@keyturn/consumer/contracts/quote';
import type { HttpSettings } from '../../contracts/settings/api-key.ts';
import type { VerifyRequest } from '../../contracts/settings/http-provider.ts';
import { KeyturnError } from '../../errors.ts';
import { TargetUnavailable } from '../errors.ts';
import type { ApiKeyDependencies } from './dependencies.ts';
import { describeRequest, describeStatus, type HttpAnswer } from './http-client.ts';
import { listAll } from './http-list.ts';
import { httpSender } from './http-sender.ts';
import type { Credential, KeyProvider, Verdict } from './provider.ts';

const DAY_MILLISECONDS = 86_400_000;

/** Any vendor with a key-management API, described as data. */
export function httpProvider(dependencies: ApiKeyDependencies, settings: HttpSettings): KeyProvider {
  const send = httpSender(dependencies, settings);
  const { create, verify, revoke, list } = settings;
  const listOwn = () => listAll(list, (template) => send(template, {}));

  return {
    orphans: list.name === undefined ? 'every' : 'name',
    listOwn,

    async create({ name }) {
      const where = describeRequest(create);
      const answer = await send(create, { name, ...expiry(settings, dependencies.now()) });
      if (!isSuccess(answer))
        throw describeStatus(where, answer, 'If keys are in the way, revoke those that are not in use.');
      const key = textAt(answer.body, create.key);
      const id = textAt(answer.body, create.id);
      if (key !== undefined && id !== undefined) return { key, id };
      // A page for people in place of JSON passes; a wrong pointer is named when the time is up.
      throw new TargetUnavailable(
        `${where}: the answer has no text at ${key === undefined ? create.key : create.id}. Correct the pointer; the key that was made is revoked before the next one is.`,
      );
    },

    verify: (credential) => verifyByHttp(verify, (values) => send(verify, values, 1), credential),

    async revoke(id) {
      const where = describeRequest(revoke);
      const answer = await send(revoke, { id });
      if (isSuccess(answer)) return;
      if (answer.status !== 404 && answer.status !== 410) throw describeStatus(where, answer);
      // "Not found" is what a key that is gone answers. Some say it of one that lives, too.
      const listed = await listOwn();
      if (!listed.some((item) => item.id === id)) return;
      throw new TargetUnavailable(
        `${where} answered ${answer.status}, but the list still shows the key ${quote(id, [])}.`,
      );
    },
  };
}

/** Asks the API that accepts the key. What is neither of the expected answers says nothing about the key. */
export async function verifyByHttp(
  template: VerifyRequest,
  send: (values: Record<string, string>) => Promise<HttpAnswer>,
  { key, id }: Credential,
): Promise<Verdict> {
  const where = describeRequest(template);
  try {
    const { status, body, redirect } = await send({ key, ...(id !== undefined && { id }) });
    const { accepted, expect } = template;
    if (accepted.includes(status) && expect && valueAt(body, expect.pointer) !== expect.equals) {
      return {
        verdict: 'refused',
        reason: `${where} answered ${status}, but not what is expected at ${expect.pointer}`,
      };
    }
    if (accepted.includes(status)) return { verdict: 'accepted' };
    const verdict = template.refused.includes(status) ? 'refused' : 'unclear';
    const led = redirect ? `, a redirect from ${redirect.from} to ${redirect.to} that was not followed` : '';
    return { verdict, reason: `${where} answered ${status}${led}` };
  } catch (error) {
    if (error instanceof KeyturnError) return { verdict: 'unclear', reason: error.message };
    throw error;
  }
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

function expiry(settings: HttpSettings, now: Date): Record<string, string> {
  if (settings.lifetimeDays === undefined) return {};
  const expiresAt = new Date(now.getTime() + settings.lifetimeDays * DAY_MILLISECONDS).toISOString();
  return { expiresAt, expiresOn: expiresAt.slice(0, 10) };
}
