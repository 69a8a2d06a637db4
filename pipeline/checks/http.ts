import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { quote } from '@keyturn/consumer/contracts/quote';
import { placeOf, redirectOf } from '@keyturn/consumer/contracts/redirect';
import { judgeStatus } from '@keyturn/consumer/contracts/verdicts/http-status';
import { HttpCheckParameters } from '../contracts/settings/checks.ts';
import type { Check, CheckSubject } from './check.ts';
import { CheckFailed } from './errors.ts';
import { readCurrent } from './read-current.ts';
import { rotatedKey } from './rotated-key.ts';
import { refuseNotNow } from './status-faults.ts';
import { redirected, type Visited, visitUrl } from './visit.ts';

export interface HttpCheckDependencies {
  /** GetSecretValue of the secret under test, where its key is sent. */
  secretsManager: Pick<SecretsManagerClient, 'send'>;
  now(): Date;
}

/** Asks an address, with the rotated key in a header where the settings say so, and expects a status. */
export function httpCheck(dependencies: HttpCheckDependencies): Check<HttpCheckParameters> {
  return {
    parameters: HttpCheckParameters,
    async run(subject, parameters) {
      const key = await readKey(dependencies, subject, parameters);
      const startedAt = dependencies.now().getTime();
      const visited = await visitUrl({
        ...parameters,
        headers: { 'user-agent': 'keyturn', ...parameters.headers, ...key?.header },
        // The key goes to the address that was written and nowhere else, and a redirect that is expected is the answer.
        followsRedirects: key === undefined && !isRedirect(parameters.expectedStatus),
        secrets: key ? [key.value] : [],
      });
      const milliseconds = dependencies.now().getTime() - startedAt;
      const place = `${parameters.method} ${placeOf(new URL(parameters.url))}`;
      judgeAnswer(place, visited, parameters, key?.value);
      return {
        observed: `${place} answers ${visited.status} in ${milliseconds} ms${key ? ', with the rotated key' : ''}`,
        measured: { status: visited.status, latencyMilliseconds: milliseconds },
      };
    },
  };
}

async function readKey(
  { secretsManager }: HttpCheckDependencies,
  subject: CheckSubject,
  { key }: HttpCheckParameters,
): Promise<{ value: string; header: Record<string, string> } | undefined> {
  if (!key) return undefined;
  const current = await readCurrent(secretsManager, subject);
  const name = key.header.toLowerCase();
  const scheme = key.scheme ?? (name === 'authorization' ? 'Bearer ' : '');
  const value = rotatedKey(subject.secretName, current.value, key.pointer);
  return { value, header: { [name]: `${scheme}${value}` } };
}

const isRedirect = (status = 0) => status >= 300 && status <= 399;

/**
 * 1. What was expected. 2. Too many calls, or out of order: may pass. 3. The key is refused. 4. A redirect that was not
 * followed. 5. Any other status.
 */
function judgeAnswer(
  place: string,
  { status, headers }: Visited,
  parameters: HttpCheckParameters,
  key: string | undefined,
): void {
  const { expectedStatus } = parameters;
  if (expectedStatus === undefined ? status >= 200 && status <= 299 : status === expectedStatus) return;
  const expected = expectedStatus ?? 'a status from 200 to 299';
  refuseNotNow(place, status, expected);
  if (key !== undefined && judgeStatus(status) === 'refused') {
    throw new CheckFailed('KeyRefused', `${place}: the rotated key is refused (${status}), expected ${expected}.`);
  }
  const url = new URL(parameters.url);
  const redirect = redirectOf(url, status, headers.get('location'));
  if (redirect?.leads === 'elsewhere') throw redirected(url, status, redirect, key === undefined ? [] : [key]);
  if (redirect && key !== undefined) {
    const target = quote(placeOf(redirect.url), [key]);
    throw new CheckFailed(
      'Redirected',
      `${place} redirects to ${target} (${status}), and the key is sent to the address that you wrote only. Write the final address.`,
    );
  }
  throw new CheckFailed('UnexpectedStatus', `${place}: answers ${status}, expected ${expected}.`);
}
