import { computeScramVerifier, formatScramVerifier, prepare } from '../../../../packages/laptop/postgres/scram.ts';
import { withoutPasswords } from '../../../../packages/laptop/postgres/statements.ts';

describe('a SCRAM verifier', () => {
  test('agrees with the example of RFC 7677', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const { serverKey, storedKey } = await computeScramVerifier('pencil', { salt, iterations: 4096 });
    // The RFC's exchange: its server signature is HMAC(ServerKey, AuthMessage).
    const { createHmac } = await import('node:crypto');
    const message =
      'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    expect(createHmac('sha256', serverKey).update(message).digest('base64')).toBe(
      '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
    expect(storedKey).toHaveLength(32);
  });

  test('has the form that PostgreSQL stores, with another salt each time', async () => {
    const [one, two] = [await computeScramVerifier('x'), await computeScramVerifier('x')];
    expect(formatScramVerifier(one)).toMatch(/^SCRAM-SHA-256\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/);
    expect(formatScramVerifier(one)).not.toBe(formatScramVerifier(two));
  });

  test('treats spaces and compatibility characters as SASLprep does', () => {
    expect(prepare('a\u00A0b\u00ADc\u2168')).toBe('a bcIX');
    expect(prepare('plain ~ ASCII!')).toBe('plain ~ ASCII!');
  });
});

describe('a statement as it is shown', () => {
  test.each([
    [`ALTER ROLE a PASSWORD 'it''s'`, `ALTER ROLE a PASSWORD '…'`],
    [
      `create user a with password E'it\\'s' valid until 'infinity'`,
      `create user a with password '…' valid until 'infinity'`,
    ],
    [`ALTER ROLE a PASSWORD $q$se'cret$q$`, `ALTER ROLE a PASSWORD '…'`],
    [`ALTER ROLE a PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a:b'`, `ALTER ROLE a PASSWORD 'SCRAM-SHA-256$…'`],
    [`ALTER ROLE a PASSWORD NULL`, `ALTER ROLE a PASSWORD NULL`],
    [`SELECT 'password'`, `SELECT 'password'`],
  ])('%s', (statement, shown) => expect(withoutPasswords(statement)).toBe(shown));
});
