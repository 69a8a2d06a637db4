import { type Frame, readText } from './frames.ts';

/**
 * Which statements a client's messages execute: a simple Query at once, an extended one when its portal is executed.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
export class StatementReader {
  #prepared = new Map<string, string>();
  #portals = new Map<string, string>();

  /** The statement that this message executes, if it does. */
  read({ type, body }: Frame): string | undefined {
    switch (type) {
      case 'Q':
        return readText(body).text;
      case 'P': {
        const name = readText(body);
        this.#prepared.set(name.text, readText(body, name.next).text);
        return undefined;
      }
      case 'B': {
        const portal = readText(body);
        this.#portals.set(portal.text, this.#prepared.get(readText(body, portal.next).text) ?? '');
        return undefined;
      }
      case 'E':
        return this.#portals.get(readText(body).text) ?? '';
      case 'C': {
        const kept = body[0] === 0x53 ? this.#prepared : this.#portals;
        kept.delete(readText(body, 1).text);
        return undefined;
      }
      default:
        return undefined;
    }
  }
}

const literal = /(\bPASSWORD\s+)(?:[eE]?'((?:[^'\\]|''|\\.)*)'|(\$\w*\$)([\s\S]*?)\3)/gi;

/** A statement as it may be shown: in place of a password its kind. */
export function withoutPasswords(statement: string): string {
  return statement.replace(literal, (_all, word: string, quoted?: string, _tag?: string, dollared?: string) =>
    /^(SCRAM-SHA-256\$)/.test(quoted ?? dollared ?? '') ? `${word}'SCRAM-SHA-256$…'` : `${word}'…'`,
  );
}
