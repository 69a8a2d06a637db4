import { createHash } from 'node:crypto';
import { acceptedKeys, isAcceptedKey } from '@keyturn/consumer/contracts/accepted-keys';
import type { GeneratedSettings } from '../../contracts/settings/api-key.ts';
import type { ApiKeyDependencies } from './dependencies.ts';
import { send } from './http-client.ts';
import { verifyByHttp } from './http-provider.ts';
import type { CurrentCredential, KeyProvider, NewCredential, Verdict } from './provider.ts';

/**
 * Keys of which we are the issuer: the service that accepts them reads the same secret. A JSON secret holds next, current and
 * previous, as a key ring does: `next` is published one whole rotation before it is used, so acceptors with a stale cache
 * know it already. A plain string has no place for them: there acceptors look at AWSPREVIOUS and AWSPENDING too.
 */
export function generatedProvider(dependencies: ApiKeyDependencies, settings: GeneratedSettings): KeyProvider {
  const make = () => settings.prefix + dependencies.randomBytes(settings.randomBytes).toString('base64url');
  return {
    orphans: 'none',
    /** There is nothing outside: the previous key ends when acceptors forget it. */
    revoke: async () => undefined,
    listOwn: async () => [],
    idOf: keyId,

    async create({ current, emergency }) {
      if (emergency && current.object) {
        // `next` lay in the same secret and is compromised with it.
        const none = { previous_api_key: undefined, previous_api_key_until: undefined };
        return made(make(), { next_api_key: make(), ...none });
      }
      return nextKeys(settings, current, { make, now: dependencies.now() });
    },

    async verify(credential, held) {
      const { verify, requestTimeoutSeconds } = settings;
      if (!verify) return judgeHeld(settings, { key: credential.key, held, now: dependencies.now() });
      const client = { fetch: dependencies.fetch, sleep: dependencies.sleep, requestTimeoutSeconds };
      return verifyByHttp(verify, (values) => send(client, verify, values, 1), credential);
    },
  };
}

/**
 * 1. A plain string: a new one.
 * 2. No `next` yet: the key stays, and `next` is published.
 * 3. `next` becomes the key, the key is kept as the previous one, and a new `next` is published.
 */
function nextKeys(
  settings: GeneratedSettings,
  { object, key }: CurrentCredential,
  { make, now }: { make(): string; now: Date },
): NewCredential {
  if (!object) return made(make());
  const next = object.next_api_key;
  if (typeof next !== 'string') return made(key, { next_api_key: make() });
  const seconds = settings.promotionTimeoutSeconds + settings.convergenceBoundSeconds + settings.acceptPreviousSeconds;
  return made(next, {
    next_api_key: make(),
    previous_api_key: key,
    previous_api_key_until: new Date(now.getTime() + seconds * 1000).toISOString(),
  });
}

function made(key: string, members: Record<string, string | undefined> = {}): NewCredential {
  return { key, id: keyId(key), members };
}

/** Names a key in logs and events of those who accept it. It has too many random bits for the name to give it away. */
function keyId(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

/**
 * What acceptors with a stale cache let in. By its label they learn of a plain string, whichever it is: the same as before
 * when Secrets Manager tries a configuration, with a copy of AWSCURRENT under AWSPENDING.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html (RotateImmediately)
 */
function judgeHeld(
  settings: GeneratedSettings,
  { key, held, now }: { key: string; held: CurrentCredential | undefined; now: Date },
): Verdict {
  if (!held?.object) return { verdict: 'accepted' };
  if (isAcceptedKey(key, acceptedKeys(held.object, { keyPointer: settings.keyPointer, now })))
    return { verdict: 'accepted' };
  return { verdict: 'refused', reason: 'acceptors with a stale cache do not know it' };
}
