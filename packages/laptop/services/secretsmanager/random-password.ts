import { randomInt } from 'node:crypto';
import type { Operation } from '../../cloud.ts';
import { accessTo } from './access.ts';
import type { SecretState } from './state.ts';
import { invalidParameter, validateRequest } from './validation.ts';

export interface PasswordOptions {
  PasswordLength?: number;
  ExcludeCharacters?: string;
  ExcludeNumbers?: boolean;
  ExcludePunctuation?: boolean;
  ExcludeUppercase?: boolean;
  ExcludeLowercase?: boolean;
  IncludeSpace?: boolean;
  RequireEachIncludedType?: boolean;
}

export function passwordOperation(state: SecretState): Operation<PasswordOptions> {
  return {
    validate: (input) => validateRequest({ ...input }),
    access: (_, call) => accessTo(state, 'GetRandomPassword', undefined, call),
    handle: (input) => ({ RandomPassword: randomPassword(input) }),
  };
}

/**
 * Unless the request says otherwise, one of each type at the least; a space may come, and need not.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
 * @throws InvalidParameterException for what no password can satisfy
 */
export function randomPassword(options: PasswordOptions): string {
  const length = options.PasswordLength ?? 32;
  const excluded = new Set(options.ExcludeCharacters ?? '');
  const types = [
    options.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    options.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    options.ExcludeNumbers ? '' : '0123456789',
    options.ExcludePunctuation ? '' : '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
  ]
    .filter((characters) => characters !== '')
    .map((characters) => [...characters].filter((character) => !excluded.has(character)));
  const isEachRequired = options.RequireEachIncludedType ?? true;
  if (isEachRequired && types.some((characters) => characters.length === 0)) {
    throw invalidParameter('All characters of the desired type have been excluded.');
  }
  const all = [...types.flat(), ...(options.IncludeSpace && !excluded.has(' ') ? [' '] : [])];
  if (all.length === 0) throw invalidParameter('All characters have been excluded from selection.');
  if (isEachRequired && length < types.length) {
    throw invalidParameter('Password length is too short based on the required types.');
  }
  const picked = isEachRequired ? types.map(pick) : [];
  while (picked.length < length) picked.push(pick(all));
  return shuffle(picked).join('');
}

function pick(characters: string[]): string {
  return characters[randomInt(characters.length)] as string;
}

function shuffle(characters: string[]): string[] {
  for (let i = characters.length - 1; i > 0; i -= 1) {
    const j = randomInt(i + 1);
    [characters[i], characters[j]] = [characters[j] as string, characters[i] as string];
  }
  return characters;
}
