const SHORTEST = 8;

/** Members of a JSON secret that are no secret although their names sound so. */
const harmless = /^(kid|key_ids?|.*_arn|masterarn|jwks.*|.*_(minutes|seconds)|keyId|.*Arn)$/i;
const secretMember = /pass(word)?|secret|token|key|credential|^(d|p|q|dp|dq|qi|k)$/i;

/**
 * What is secret in a secret's value: of JSON the texts under members that hold passwords, keys and tokens, at any depth;
 * else the whole. Texts under eight characters are left out: they would be found everywhere.
 */
export function secretTexts(value: string): string[] {
  const parsed = parseObject(value);
  const texts = parsed === undefined ? [value] : [...leaves(parsed, false)];
  return [...new Set(texts.filter((text) => text.length >= SHORTEST))];
}

function parseObject(value: string): unknown {
  if (!value.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    // It only looks like JSON: then the whole of it is the secret.
    return undefined;
  }
}

function* leaves(value: unknown, isSecret: boolean): Iterable<string> {
  if (typeof value === 'string') {
    if (isSecret) yield value;
  } else if (Array.isArray(value)) {
    for (const item of value) yield* leaves(item, isSecret);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      const isText = typeof member === 'string';
      yield* leaves(member, isText && secretMember.test(name) && !harmless.test(name));
    }
  }
}

/** The ways in which a text may stand in a log line: raw, escaped as JSON (once and twice), as in a URL, in base 64. */
export function formsOf(text: string): string[] {
  const json = (inner: string) => JSON.stringify(inner).slice(1, -1);
  const url = encodeURIComponent(text);
  const forms = [text, json(text), json(json(text)), url, url.replaceAll('%20', '+'), ...base64Forms(text)];
  return [...new Set(forms)];
}

/** In base 64 a text looks different after one or two bytes of something else: the part that stays is searched for. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = before === 0 ? 0 : before + 1;
    const last = (before + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 1;
    const inner = encoded.slice(first, last);
    return inner.length < SHORTEST ? [] : [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
