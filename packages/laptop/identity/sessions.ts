import { randomBytes } from 'node:crypto';
import type { Principal, SessionCredentials } from '../cloud.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export interface Session extends SessionCredentials {
  /** Missing for the sessions of execution environments and executions, which live as long as their holder. */
  readonly expiration?: Date;
  readonly sessionPolicy?: unknown;
}

/** Temporary credentials that the cloud issued. */
export class SessionStore {
  readonly #sessions = new Map<string, Session>();

  issue(principal: Principal, options: { expiration?: Date; sessionPolicy?: unknown } = {}): Session {
    const accessKeyId = makeKeyId('ASIA');
    const session: Session = {
      accessKeyId,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
      principal: { ...principal, accessKeyId },
      ...options,
    };
    this.#sessions.set(accessKeyId, session);
    return session;
  }

  find(accessKeyId: string): Session | undefined {
    return this.#sessions.get(accessKeyId);
  }

  /** Takes credentials out of use at once; answers whether they were in use. */
  revoke(accessKeyId: string): boolean {
    return this.#sessions.delete(accessKeyId);
  }

  clear(): void {
    this.#sessions.clear();
  }
}

/** `ASIA…`, `AKIA…`, `AROA…`: the prefix and letters and digits of base 32, 20 in all. */
export function makeKeyId(prefix: string, length = 20): string {
  const letters = [...randomBytes(length - prefix.length)].map((byte) => BASE32[byte % 32]);
  return prefix + letters.join('');
}
