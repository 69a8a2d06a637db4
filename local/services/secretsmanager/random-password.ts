import { randomInt } from 'node:crypto';
import { invalidParameter } from './validation.ts';

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

/** As GetRandomPassword. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html */
export function randomPassword(options: PasswordOptions): string {
  const length = options.PasswordLength ?? 32;
  if (length < 1 || length > 4096) {
    throw invalidParameter(
      `InvalidParameterException: Password length must be between 1 and 4096 characters, came ${length}.`,
    );
  }
  const excluded = new Set(options.ExcludeCharacters ?? '');
  const classes = [
    options.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    options.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    options.ExcludeNumbers ? '' : '0123456789',
    options.ExcludePunctuation ? '' : '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    options.IncludeSpace ? ' ' : '',
  ]
    .map((characters) => [...characters].filter((character) => !excluded.has(character)))
    .filter((characters) => characters.length > 0);
  const all = classes.flat();
  if (all.length === 0) throw invalidParameter('The password has no characters to be made of: every type is excluded.');
  const isEachRequired = options.RequireEachIncludedType ?? true;
  if (isEachRequired && length < classes.length) {
    throw invalidParameter(
      `Password length ${length} is too short for the required types: ${classes.length} at the least.`,
    );
  }
  const picked = isEachRequired ? classes.map(pick) : [];
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
