import { randomBytes } from 'node:crypto';
import type { ManifestSecret, PostgresManifestSecret } from '../../pipeline/contracts/manifest/manifest.ts';
import { isNamed, KeyturnError } from '../../pipeline/errors.ts';
import { databasePreflight } from './database-preflight.ts';
import { iamPreflight } from './iam-preflight.ts';
import { kmsPreflight } from './kms-preflight.ts';
import { networkPreflight } from './network-preflight.ts';
import { judgePassword } from './password-preflight.ts';
import { found, type Preflight, type Subject } from './preflight.ts';
import { proxyPreflight } from './proxy-preflight.ts';
import { judgePending, judgeSecret, postgresPayload } from './secret-preflight.ts';

/** Everything that would keep one secret from being rotated. Reads only. */
export async function runPreflights(subject: Subject): Promise<Preflight[]> {
  const { entry, facts } = subject;
  const preflights = [...judgeSecret(entry, facts, subject.now()), ...judgePending(facts)];
  preflights.push(...(await attempt('kms', () => kmsPreflight(subject))));
  preflights.push(...(await attempt('iam', () => iamPreflight(subject))));
  if (!isDatabaseLogin(entry)) return preflights;
  preflights.push(...judgePassword(entry, postgresPayload(facts)?.username, randomBytes));
  preflights.push(...(await attempt('network', () => networkPreflight(subject, entry))));
  preflights.push(...(await attempt('database', () => databasePreflight(subject, entry))));
  preflights.push(...(await attempt('proxy', () => proxyPreflight(subject, entry))));
  return preflights;
}

function isDatabaseLogin(entry: ManifestSecret): entry is PostgresManifestSecret {
  return entry.kind === 'postgres';
}

/** What AWS says when the one who asks may not look, or the service is not there to be asked. */
const notToBeSeen = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'UnknownOperation',
  'UnknownOperationException',
  'InvalidAction',
]);

/** What is missing blocks. One preflight that cannot look does not keep the others from looking; it says so. */
async function attempt(check: Preflight['check'], run: () => Promise<Preflight[]>): Promise<Preflight[]> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof KeyturnError) return [found(check, 'blocks', error.code, error.message)];
    if (!isNamed(error, ...notToBeSeen)) throw error;
    return [found(check, 'unknown', error.name, `Cannot be looked at: ${error.message}`)];
  }
}
