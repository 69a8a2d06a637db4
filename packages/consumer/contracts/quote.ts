const LONGEST_QUOTE = 500;
/** The quote ends long before this. */
const LONGEST_EXAMINED = 16_384;
/** How often one encoding may lie inside another: a URL in a JSON text in a header is three. */
const MOST_ENCODINGS = 3;
/** An encoded form shorter than this stands in ordinary words by chance. */
const SHORTEST_ENCODED_FORM = 5;

/** @internal The words of an error in place of a text that holds a secret. */
export const WORDS_LEFT_OUT = '(words left out: they hold the secret’s value)';

/**
 * Makes a text from outside safe for an error: an answer, a header, an address, the message of another program. The result
 * is one line without control and bidirectional characters, of a bounded length. Where the text holds one of `secrets`,
 * plain or encoded for URLs, JSON, HTML, Base64 or hexadecimal, nothing of it is quoted.
 *
 * @param secrets the values that the other program may have seen. An empty list says that it has seen none.
 * @internal
 */
export function quote(text: unknown, secrets: readonly string[]): string {
  const examined = String(text ?? '').slice(0, LONGEST_EXAMINED);
  if (holdsSecret(examined, secrets)) return WORDS_LEFT_OUT;
  const characters = [...oneLine(examined)];
  return characters.length <= LONGEST_QUOTE
    ? characters.join('')
    : `${characters.slice(0, LONGEST_QUOTE - 1).join('')}…`;
}

/**
 * One line of plain characters. Spaces and line ends become one space. Control characters and those that change the
 * direction of writing or are invisible (Unicode Cc and Cf) become U+FFFD.
 * @internal
 */
export function oneLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
    .trim();
}

/** @internal Whether one of the secrets stands in the text, also encoded, in another case of letters or broken by white space. */
export function holdsSecret(text: string, secrets: readonly string[]): boolean {
  const wanted = secrets.filter((secret) => folded(secret) !== '').flatMap(formsOf);
  if (wanted.length === 0) return false;
  return decodings(text)
    .map(folded)
    .some((decoded) => wanted.some((form) => decoded.includes(form)));
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  // Base64 takes three bytes at a time: the same bytes look different behind one or two others, as in `user:password`.
  const aligned = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const isWhole = (before + bytes.length) % 3 === 0;
    return text.slice(before === 0 ? 0 : before + 1, isWhole ? undefined : -1);
  });
  const encoded = [...aligned, ...aligned.map(toBase64Url), bytes.toString('hex')];
  return [secret, ...encoded.filter((form) => form.length >= SHORTEST_ENCODED_FORM)].map(folded);
}

const toBase64Url = (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_');

/** Removes differences that another program may make: the case of letters, white space, invisible characters. */
function folded(text: string): string {
  const visible = text.normalize('NFKC').replace(/[\s\p{Cc}\p{Cf}]+/gu, '');
  // In this order: the capital of ß is SS, which has small letters of its own.
  return visible.toUpperCase().toLowerCase();
}

/** Returns the text, and its decodings from percent-encoding, JSON and HTML, also one inside another. */
function decodings(text: string): string[] {
  const found = new Set([text]);
  for (let depth = 0; depth < MOST_ENCODINGS; depth += 1) {
    for (const known of [...found]) {
      for (const decode of [decodePercent, decodeForm, decodeJson, decodeHtml]) found.add(decode(known));
    }
  }
  return [...found];
}

/** Decodes every escape by itself, so that a text which is encoded in part, or wrongly, is decoded too. */
function decodePercent(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

const decodeForm = (text: string) => decodePercent(text.replaceAll('+', ' '));

const shortEscapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function decodeJson(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/gi, (_, unicode, hex, short) => {
    const code = unicode ?? hex;
    return code === undefined ? (shortEscapes[short] ?? short) : String.fromCharCode(Number.parseInt(code, 16));
  });
}

const htmlNames: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeHtml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return htmlNames[name.toLowerCase()] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
