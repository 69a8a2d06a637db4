import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { judgeStatus } from '@keyturn/consumer/contracts/verdicts/http-status';
import { HttpCheckParameters } from '../contracts/settings/checks.ts';
import type { Check, CheckSubject } from './check.ts';
import { CheckFailed } from './errors.ts';
import { readCurrent } from './read-current.ts';
import { rotatedKey } from './rotated-key.ts';
import { refuseNotNow } from './status-faults.ts';
import { placeOf, type Visited, visitUrl } from './visit.ts';

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
      const key = await keyHeader(dependencies, subject, parameters);
      const startedAt = dependencies.now().getTime();
      const visited = await visitUrl({
        ...parameters,
        headers: { 'user-agent': 'keyturn', ...parameters.headers, ...key },
        carriesKey: key !== undefined,
      });
      const milliseconds = dependencies.now().getTime() - startedAt;
      const place = `${parameters.method} ${placeOf(new URL(parameters.url))}`;
      judgeAnswer(place, visited, parameters);
      return {
        observed: `${place} answers ${visited.status} in ${milliseconds} ms${key ? ', with the rotated key' : ''}`,
        measured: { status: visited.status, latencyMilliseconds: milliseconds },
      };
    },
  };
}

async function keyHeader(
  { secretsManager }: HttpCheckDependencies,
  subject: CheckSubject,
  { key }: HttpCheckParameters,
): Promise<Record<string, string> | undefined> {
  if (!key) return undefined;
  const { value } = await readCurrent(secretsManager, subject);
  const header = key.header.toLowerCase();
  const scheme = key.scheme ?? (header === 'authorization' ? 'Bearer ' : '');
  return { [header]: `${scheme}${rotatedKey(subject.secretName, value, key.pointer)}` };
}

/**
 * 1. What was expected. 2. Too many calls, or out of order: may pass. 3. The key is refused. 4. A redirect, which takes no
 * key along. 5. Any other status.
 */
function judgeAnswer(place: string, { status, headers }: Visited, parameters: HttpCheckParameters): void {
  const { expectedStatus } = parameters;
  if (expectedStatus === undefined ? status >= 200 && status <= 299 : status === expectedStatus) return;
  const expected = expectedStatus ?? 'a status from 200 to 299';
  refuseNotNow(place, status, expected);
  if (parameters.key && judgeStatus(status) === 'refused') {
    throw new CheckFailed('KeyRefused', `${place}: the rotated key is refused (${status}), expected ${expected}.`);
  }
  if (parameters.key && status >= 300 && status <= 399) {
    const target = headers.get('location') ?? 'nowhere';
    const origin = URL.canParse(target, parameters.url) ? new URL(target, parameters.url).origin : 'an invalid address';
    throw new CheckFailed(
      'Redirected',
      `${place} redirects to ${origin} (${status}), and the key is not sent there. Write the final address.`,
    );
  }
  throw new CheckFailed('UnexpectedStatus', `${place}: answers ${status}, expected ${expected}.`);
}
