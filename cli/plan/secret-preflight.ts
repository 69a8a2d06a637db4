import { HmacKeyUnfit, isHmac, readHmacKey, shortHmacKeys } from '@keyturn/consumer/contracts/hmac-keys';
import { JwtPayload } from '@keyturn/consumer/contracts/jwt';
import * as v from 'valibot';
import { AWSCURRENT } from '../../pipeline/contracts/labels.ts';
import type { ManifestSecret } from '../../pipeline/contracts/manifest/manifest.ts';
import { PostgresPayload } from '../../pipeline/contracts/payloads/postgres.ts';
import { KeyturnError } from '../../pipeline/errors.ts';
import { candidateVersionId, versionLabels } from '../../pipeline/rotation/version-labels.ts';
import { parsePayload } from '../../pipeline/rotators/parse-payload.ts';
import type { SecretFacts } from './look-at-secret.ts';
import { found, type Preflight } from './preflight.ts';

/** Whether the secret is there and can be rotated at all. Pure. */
export function judgeSecret(entry: ManifestSecret, facts: SecretFacts, now: Date): Preflight[] {
  const is = (level: Preflight['level'], code: string, text: string, remedy?: string) => [
    found('secret', level, code, text, remedy),
  ];
  if (!facts.arn) {
    if ('new' in entry.secret) return is('ok', 'SecretNew', `${facts.name} is made by the stack.`);
    return is(
      'blocks',
      'SecretMissing',
      `${facts.name} does not exist here.`,
      'Create it with a value that works, or write "new".',
    );
  }
  if ('new' in entry.secret && !facts.rotationFunctionArn) {
    return is('blocks', 'SecretExists', `${facts.name} exists already.`, `Write "secret": {"name": "${facts.name}"}.`);
  }
  if (facts.isDeleted) {
    const remedy = `aws secretsmanager restore-secret --secret-id ${facts.name}`;
    return is('blocks', 'SecretDeleted', `${facts.name} is scheduled for deletion.`, remedy);
  }
  if (facts.owningService && entry.kind !== 'watched') {
    const text = `${facts.name} is owned by ${facts.owningService}, which rotates it.`;
    return is('blocks', 'SecretOwned', text, 'Write "kind": "watched", or remove it.');
  }
  if (!versionLabels(facts.stagesByVersion).versionWith(AWSCURRENT)) {
    return is('blocks', 'SecretEmpty', `${facts.name} has no value.`, 'Put one that works.');
  }
  return judgeValue(entry, facts, now);
}

const payloads = { postgres: PostgresPayload, jwt: JwtPayload } as const;

function judgeValue(entry: ManifestSecret, facts: SecretFacts, now: Date): Preflight[] {
  if (facts.isBinary) {
    const text = `${facts.name} has a binary value; every kind that is rotated needs text.`;
    return [
      found(
        'secret',
        'blocks',
        'SecretBinary',
        text,
        `aws secretsmanager put-secret-value --secret-id ${facts.name} --secret-string file://value.json`,
      ),
    ];
  }
  if (facts.value === undefined) {
    return [found('secret', 'unknown', 'SecretUnreadable', `${facts.name}: ${facts.unreadable ?? 'no value'}.`)];
  }
  if (!(entry.kind in payloads)) return [found('secret', 'ok', 'SecretFound', `${facts.name} has a value.`)];
  const schema: v.GenericSchema = payloads[entry.kind as keyof typeof payloads];
  try {
    const payload = parsePayload(facts.name, schema as never, facts.value);
    const keys = entry.kind === 'jwt' ? judgeSigningKeys(facts.name, payload as JwtPayload, now) : [];
    if (keys.length > 0) return keys;
    return [found('secret', 'ok', 'SecretFound', `${facts.name} has a value of kind "${entry.kind}".`)];
  } catch (error) {
    if (!(error instanceof KeyturnError)) throw error;
    return [found('secret', 'blocks', error.code, error.message)];
  }
}

/** RFC 7518, section 3.2. A key that is no secret blocks; one that is too short rotates, and is worth a word. */
function judgeSigningKeys(name: string, payload: JwtPayload, now: Date): Preflight[] {
  const { jwt_algorithm: algorithm, jwt_secret_key: text } = payload;
  if (isHmac(algorithm) && !payload.jwt_key_ring) {
    try {
      readHmacKey(algorithm, text);
    } catch (error) {
      if (!(error instanceof HmacKeyUnfit)) throw error;
      const remedy = 'Write the "jwt_algorithm" of the key pair and put its private key, or put a random text.';
      return [found('secret', 'blocks', 'SigningKeyUnfit', `${name}: ${error.message}`, remedy)];
    }
  }
  return shortHmacKeys(payload, now).map(({ kid, algorithm: signs, leastBytes }) =>
    found(
      'secret',
      'warns',
      'SigningKeyShort',
      `${name}: ${kid === undefined ? 'jwt_secret_key' : `key ${kid}`} is shorter than the ${leastBytes} bytes that ${signs} asks for, so it can be guessed from a token.`,
      `Two rotations replace it. At once: keyturn rotate ${name} --emergency, which logs everybody out.`,
    ),
  );
}

/** The payload of a PostgreSQL secret, where it can be read and is one. */
export function postgresPayload(facts: SecretFacts): PostgresPayload | undefined {
  if (facts.value === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), PostgresPayload), facts.value);
  return parsed.success ? parsed.output : undefined;
}

/** A candidate that another rotation, or another tool, has left. Pure. */
export function judgePending(facts: SecretFacts): Preflight[] {
  if (!facts.arn) return [];
  const pending = candidateVersionId(versionLabels(facts.stagesByVersion));
  if (!pending) return [found('pending', 'ok', 'NothingPending', 'No rotation is unfinished.')];
  return [
    found(
      'pending',
      'blocks',
      'PendingLeft',
      `AWSPENDING is on version ${pending}: a rotation is under way, or was left unfinished. Until it ends no other begins.`,
      `If nothing is at work on it: aws secretsmanager update-secret-version-stage --secret-id ${facts.name} --version-stage AWSPENDING --remove-from-version-id ${pending}`,
    ),
  ];
}
