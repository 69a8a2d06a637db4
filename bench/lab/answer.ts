import { createHash } from 'node:crypto';

/** What one request saw: what the environment that served it held. */
export interface Answer {
  readonly environmentId: string;
  /** A version's id, or its password's fingerprint where the reader does not know the version. */
  readonly holds: string | undefined;
}

export const fingerprint = (password: string) => createHash('sha256').update(password).digest('hex').slice(0, 16);
