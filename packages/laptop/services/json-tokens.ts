/** What a reader of JSON meets, one after another. */
export type Token =
  | 'object'
  | 'object-end'
  | 'array'
  | 'array-end'
  | 'name'
  | 'string'
  | 'number'
  | 'true'
  | 'false'
  | 'null'
  | 'end';

/** The text is not JSON, or not what its reader wanted; the message is reason and place, as AWS prints them. */
export class JsonFault extends Error {
  readonly reason: string;
  /** `[Source: (String)"…"; line: 1, column: 5]` */
  readonly place: string;

  constructor(reason: string, place: string) {
    super(`${reason}\n at ${place}`);
    this.name = 'JsonFault';
    this.reason = reason;
    this.place = place;
  }
}

interface Value {
  readonly token: Token;
  readonly text: string;
}

interface Container {
  readonly kind: 'object' | 'array';
  readonly start: number;
  entries: number;
}

const MOST_SOURCE_CHARACTERS = 500;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * Reads JSON token by token. The messages of EventBridge and Step Functions name the column where its reader stood, so this one stands where
 * that one does: after a name it has already looked at the beginning of the value, and a string is read when asked for.
 */
export class JsonTokens {
  token: Token = 'end';
  readonly #source: string;
  readonly #open: Container[] = [];
  #at = 0;
  #text = '';
  #isStringOpen = false;
  #ahead: Value | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  next(): Token {
    this.token = this.#next();
    return this.token;
  }

  /** Of a name, string or number what it says; of others how they are written. */
  text(): string {
    if (this.#isStringOpen) this.#finishString();
    return this.#text;
  }

  fault(message: string): JsonFault {
    return new JsonFault(message, this.#place(this.#at));
  }

  #next(): Token {
    if (this.#ahead) {
      const ahead = this.#ahead;
      this.#ahead = undefined;
      return this.#enter(ahead);
    }
    if (this.#isStringOpen) this.#finishString();
    const container = this.#open.at(-1);
    let character = this.#skipSpace();
    if (character === undefined) {
      if (!container) return 'end';
      throw this.fault(
        `Unexpected end-of-input: expected close marker for ${titles[container.kind]} (start marker at ${this.#place(container.start)})`,
      );
    }
    if (character === ']' || character === '}') return this.#close(character, container);
    if (container && container.entries > 0) {
      if (character !== ',') {
        throw this.#unexpected(`was expecting comma to separate ${titles[container.kind]} entries`);
      }
      this.#at += 1;
      character = this.#skipSpace();
    }
    if (container) container.entries += 1;
    return container?.kind === 'object' ? this.#name(character) : this.#enter(this.#startValue());
  }

  #name(character: string | undefined): Token {
    if (character !== '"') throw this.#unexpected('was expecting double-quote to start field name');
    this.#at += 1;
    this.#finishString();
    if (this.#skipSpace() !== ':') throw this.#unexpected('was expecting a colon to separate field name and value');
    this.#at += 1;
    this.#skipSpace();
    this.#ahead = this.#startValue();
    return 'name';
  }

  #enter({ token, text }: Value): Token {
    this.#text = text;
    this.#isStringOpen = token === 'string';
    if (token === 'object' || token === 'array') this.#open.push({ kind: token, start: this.#at - 1, entries: 0 });
    return token;
  }

  #close(character: ']' | '}', container: Container | undefined): Token {
    const wanted = container?.kind === 'object' ? '}' : ']';
    if (!container) throw this.#unexpected('expected a value');
    if (character !== wanted) {
      throw this.fault(
        `Unexpected close marker '${character}': expected '${wanted}' (for ${titles[container.kind]} starting at ${this.#place(container.start)})`,
      );
    }
    this.#at += 1;
    this.#text = character;
    this.#open.pop();
    return character === '}' ? 'object-end' : 'array-end';
  }

  #startValue(): Value {
    const character = this.#source[this.#at];
    if (character === '"' || character === '{' || character === '[') {
      this.#at += 1;
      return { token: beginnings[character], text: character };
    }
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#source)?.[0];
    if (number === undefined) return this.#literal();
    this.#at += number.length;
    return { token: 'number', text: number };
  }

  #literal(): Value {
    const word = /[\p{L}\p{N}_$]*/uy;
    word.lastIndex = this.#at;
    const found = word.exec(this.#source)?.[0] ?? '';
    const expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    if (found === '') throw this.#unexpected(`expected a valid value ${expected}`);
    this.#at += found.length;
    if (found === 'true' || found === 'false' || found === 'null') return { token: found, text: found };
    throw this.fault(`Unrecognized token '${found}': was expecting ${expected}`);
  }

  /** The opening quote has been read. */
  #finishString(): void {
    this.#isStringOpen = false;
    let text = '';
    for (;;) {
      const character = this.#source[this.#at];
      if (character === undefined) {
        throw this.fault('Unexpected end-of-input: was expecting closing quote for a string value');
      }
      if (character < ' ') {
        throw this.fault(
          `Illegal unquoted character ((CTRL-CHAR, code ${character.charCodeAt(0)})): has to be escaped using backslash to be included in string value`,
        );
      }
      this.#at += 1;
      if (character === '"') break;
      text += character === '\\' ? this.#escape() : character;
    }
    this.#text = text;
  }

  #escape(): string {
    const character = this.#source[this.#at] ?? '';
    this.#at += 1;
    if ('"\\/'.includes(character) && character !== '') return character;
    const known = escapes[character];
    if (known !== undefined) return known;
    const code = this.#source.slice(this.#at, this.#at + 4);
    if (character !== 'u' || !/^[0-9a-fA-F]{4}$/.test(code)) {
      throw this.fault(`Unrecognized character escape '${character}' (code ${character.charCodeAt(0)})`);
    }
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(code, 16));
  }

  #skipSpace(): string | undefined {
    while (/[ \t\r\n]/.test(this.#source[this.#at] ?? '')) this.#at += 1;
    return this.#source[this.#at];
  }

  #unexpected(expectation: string): JsonFault {
    const character = this.#source[this.#at];
    if (character === undefined) {
      return this.fault('Unexpected end-of-input within/between Object entries');
    }
    return this.fault(`Unexpected character ('${character}' (code ${character.charCodeAt(0)})): ${expectation}`);
  }

  #place(at: number): string {
    const before = this.#source.slice(0, at).split('\n');
    const shown = this.#source.slice(0, MOST_SOURCE_CHARACTERS);
    const rest = this.#source.length - shown.length;
    const truncated = rest > 0 ? `[truncated ${rest} chars]` : '';
    return `[Source: (String)"${shown}"${truncated}; line: ${before.length}, column: ${(before.at(-1) ?? '').length + 1}]`;
  }
}

const beginnings = { '"': 'string', '{': 'object', '[': 'array' } as const;
const titles = { object: 'Object', array: 'Array' } as const;

/** Parses a whole text. @throws JsonFault in AWS's words, where JSON.parse has its own */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const tokens = new JsonTokens(text);
    while (tokens.next() !== 'end') tokens.text();
    throw tokens.fault('Unexpected end-of-input');
  }
}
