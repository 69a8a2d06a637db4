import { UnsafeRotation } from '../errors.ts';

const classes = [
  'abcdefghijklmnopqrstuvwxyz',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  '0123456789',
  '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
];

/** A password of printable ASCII with a character of every class that is left, without modulo bias. */
export function generatePassword(options: {
  length: number;
  excludeCharacters: string;
  randomBytes(size: number): Buffer;
}): string {
  const allowed = classes
    .map((characters) => [...characters].filter((character) => !options.excludeCharacters.includes(character)))
    .filter((characters) => characters.length > 0);
  const alphabet = allowed.flat();
  if (alphabet.length < 16) {
    throw new UnsafeRotation(
      `excludeCharacters leaves ${alphabet.length} characters to make a password from. Exclude fewer, so that 16 are left.`,
    );
  }
  for (;;) {
    const password = draw(alphabet, options);
    if (allowed.every((characters) => characters.some((character) => password.includes(character)))) return password;
  }
}

function draw(alphabet: string[], options: { length: number; randomBytes(size: number): Buffer }): string {
  const limit = 256 - (256 % alphabet.length);
  let password = '';
  while (password.length < options.length) {
    for (const byte of options.randomBytes(options.length)) {
      if (byte < limit && password.length < options.length) password += alphabet[byte % alphabet.length];
    }
  }
  return password;
}
