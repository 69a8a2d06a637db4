import { randomBytes } from 'node:crypto';
import { makeKeyId } from './sessions.ts';

/** The access key of the person in front of the laptop, who may do anything in its cloud. */
export interface AdministratorKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A random key in the shape of AWS's own: twenty letters and digits, forty characters of base 64. */
export function makeAdministratorKey(): AdministratorKey {
  return { accessKeyId: makeKeyId('AKIA'), secretAccessKey: randomBytes(30).toString('base64') };
}
