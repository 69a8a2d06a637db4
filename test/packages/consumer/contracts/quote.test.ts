import fc from 'fast-check';
import { holdsSecret, oneLine, quote, WORDS_LEFT_OUT } from '../../../../packages/consumer/contracts/quote.ts';

const secret = 'sk-live/äß "q"+\\&<7\u20ac>=';

const encodings: Record<string, (text: string) => string> = {
  'as it is': (text) => text,
  'in capitals': (text) => text.toUpperCase(),
  'broken by a line end': (text) => `${text.slice(0, 5)}\n${text.slice(5)}`,
  'broken by an invisible character': (text) => `${text.slice(0, 5)}\u200b${text.slice(5)}`,
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (text) => encodeURIComponent(text).toLowerCase(),
  'as a form': (text) => new URLSearchParams({ key: text }).toString(),
  'as JSON': (text) => JSON.stringify({ key: text }),
  'as JSON in JSON': (text) => JSON.stringify(JSON.stringify({ key: text })),
  'as JSON of ASCII': (text) =>
    JSON.stringify(text).replace(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'as HTML': (text) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&#62;').replaceAll('"', '&#x22;'),
  'as a form in JSON': (text) => JSON.stringify({ sent: new URLSearchParams({ key: text }).toString() }),
  'as Base64': (text) => Buffer.from(text).toString('base64'),
  'as Base64 for URLs': (text) => Buffer.from(text).toString('base64url'),
  'as Base64 of a login': (text) => Buffer.from(`me:${text}`).toString('base64'),
  'as Base64 of JSON text before and behind': (text) => Buffer.from(`{"a":"${text}","b":1}`).toString('base64'),
  'as Base64 in a URL': (text) => encodeURIComponent(Buffer.from(text).toString('base64')),
  'as hexadecimal': (text) => Buffer.from(text).toString('hex'),
};

describe('words that hold a secret are not quoted', () => {
  test.each(Object.entries(encodings))('%s', (_name, encode) => {
    expect(quote(`The key ${encode(secret)} is not known here.`, ['another', secret])).toBe(WORDS_LEFT_OUT);
  });

  test('every text, in every encoding, with any words around', () => {
    fc.assert(
      fc.property(
        fc
          .string({ unit: 'grapheme', minLength: 4, maxLength: 60 })
          .filter((text) => /\S{4}/.test(text) && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(text)),
        fc.constantFrom(...['as it is', 'percent-encoded', 'as a form', 'as JSON', 'as Base64', 'as hexadecimal']),
        fc.string(),
        (value, encoding, around) => {
          const encode = encodings[encoding]!;
          // What looks like an escape in the secret itself is decoded too, and found as it stands.
          expect(holdsSecret(`${around} ${encode(value)} ${around}`, [value])).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('other words are quoted, and an empty secret hides nothing', () => {
    expect(quote('the key was not found', [secret, '', ' '])).toBe('the key was not found');
    expect(quote('the key was not found', [])).toBe('the key was not found');
    expect(holdsSecret('', [''])).toBe(false);
  });

  test('a secret behind what is quoted does not matter; one that the cut would split does', () => {
    expect(quote(`${'x'.repeat(490)}${secret}`, [secret])).toBe(WORDS_LEFT_OUT);
    expect(quote(`${'x'.repeat(20_000)}${secret}`, [secret])).toMatch(/^x{499}…$/);
  });
});

describe('what is quoted is one line that a terminal and a page show as it is', () => {
  test.each([
    ['a line end and a tab', 'one\r\n\ttwo', 'one two'],
    ['a colour of a terminal', '\u001b[31mred', '\ufffd[31mred'],
    ['C1 controls', 'a\u009bb', 'a\ufffdb'],
    ['every bidirectional control', '\u202aa\u202bb\u202cc\u202dd\u202ee', 'a\ufffdb\ufffdc\ufffdd\ufffde'],
    ['every isolate', 'x\u2066a\u2067b\u2068c\u2069', 'x\ufffda\ufffdb\ufffdc\ufffd'],
    ['half of a surrogate pair', 'a\ud800b', 'a\ufffdb'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a b c'],
  ])('%s', (_name, text, shown) => {
    expect(oneLine(text).replace(/^\ufffd/, (first) => (shown.startsWith('\ufffd') ? first : ''))).toBe(shown);
  });

  test('nothing of Unicode’s control and format characters is left of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(quote(text, [])).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test('what is no text is shown as text, and nothing as nothing', () => {
    expect([quote(undefined, []), quote(null, []), quote(42, [])]).toEqual(['', '', '42']);
  });
});
