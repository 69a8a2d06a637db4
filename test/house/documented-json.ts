import * as v from 'valibot';
import { ConsumerAnswer, ConsumerEvent } from '../../packages/consumer/contracts/consumer-events.ts';
import { JwtPayload } from '../../packages/consumer/contracts/jwt.ts';
import { compilePattern } from '../../packages/laptop/services/events/pattern/compile.ts';
import { checkPolicyDocument } from '../../packages/laptop/services/iam/policy-document.ts';
import { CheckRequest } from '../../pipeline/contracts/check.ts';
import { EVENT_SOURCE, eventDetails } from '../../pipeline/contracts/events.ts';
import { parseManifest } from '../../pipeline/contracts/manifest/manifest-safety.ts';
import { ApiKeyValue } from '../../pipeline/contracts/payloads/api-key.ts';
import { PostgresPayload } from '../../pipeline/contracts/payloads/postgres.ts';

type Shown = Record<string, any>;

/** What a block of JSON is, by its members, and how the code reads it. */
const readers: readonly { of: string; is(shown: Shown): boolean; read(shown: Shown): unknown }[] = [
  { of: 'a manifest', is: (shown) => 'secrets' in shown, read: parseManifest },
  { of: 'checks of a manifest', is: (shown) => Array.isArray(shown.checks), read: ({ checks }) => readChecks(checks) },
  { of: 'a check of a manifest', is: (shown) => 'type' in shown, read: (shown) => readChecks([shown]) },
  { of: 'a consumer’s event', is: ({ keyturn }) => keyturn?.operation, read: (shown) => v.parse(ConsumerEvent, shown) },
  { of: 'a consumer’s answer', is: ({ keyturn }) => keyturn?.held, read: (shown) => v.parse(ConsumerAnswer, shown) },
  { of: 'a check’s request', is: (shown) => 'check' in shown, read: (shown) => v.parse(CheckRequest, shown) },
  { of: 'a rule’s pattern', is: (shown) => 'detail-type' in shown, read: readPattern },
  { of: 'a JWT secret', is: (shown) => 'jwt_secret_key' in shown, read: (shown) => v.parse(JwtPayload, shown) },
  { of: 'a database secret', is: (shown) => 'engine' in shown, read: (shown) => v.parse(PostgresPayload, shown) },
  {
    of: 'an API key',
    is: (shown) => 'api_key' in shown,
    read: (shown) => v.parse(ApiKeyValue, JSON.stringify(shown)),
  },
  { of: 'a statement of a policy', is: (shown) => 'Effect' in shown, read: readStatement },
  { of: 'settings of a compiler', is: (shown) => 'compilerOptions' in shown, read: (shown) => shown },
];

/** @throws where no reader knows it, or the one that does refuses it */
export async function readShown(text: string): Promise<unknown> {
  const shown = JSON.parse(text) as Shown;
  const reader = readers.find(({ is }) => is(shown));
  if (!reader) throw new Error(`No reader knows what this is: ${text}`);
  return reader.read(shown);
}

/** Each under a secret of the kind that it is for. */
function readChecks(checks: Shown[]): unknown[] {
  return checks.map((check) => {
    const secret = { kind: 'postgres', secret: { name: 'shop/database' }, superuserSecret: 'shop/superuser' };
    const consumers = [{ function: 'shop-items' }];
    return parseManifest({ secrets: { shown: { ...secret, consumers, checks: [check] } } });
  });
}

function readPattern(shown: Shown): void {
  compilePattern(JSON.stringify(shown));
  const unknown = shown['detail-type'].filter((type: string) => !(type in eventDetails));
  if (unknown.length > 0 || !shown.source.includes(EVENT_SOURCE)) {
    throw new Error(`The pattern waits for events that nobody puts: ${shown.source} ${unknown}.`);
  }
}

function readStatement(shown: Shown): Promise<void> {
  const Statement = { ...shown, Resource: 'arn:aws:lambda:eu-central-1:111122223333:function:widget' };
  return checkPolicyDocument(JSON.stringify({ Version: '2012-10-17', Statement: [Statement] }), 'identity');
}
