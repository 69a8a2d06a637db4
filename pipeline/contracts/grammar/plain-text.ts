import * as v from 'valibot';
import { UNSEEN } from './shown-text.ts';

const unseenCharacter = new RegExp(`[${UNSEEN}]`, 'u');

/** Formatting characters such as joiners and the byte order mark: part of some scripts, and no part of a name. */
const unseenInNames = new RegExp(String.raw`[${UNSEEN}\p{Cf}\p{Co}\p{Noncharacter_Code_Point}]`, 'u');

/** What a template may hold of content: line breaks and tabs, and nothing else that a reader cannot see. */
export function isReadable(text: string): boolean {
  return !unseenCharacter.test(text.replace(/[\t\r\n]/g, ''));
}

/** One line that a page, a notice and a terminal show as it stands: no markup, nothing that a reader cannot see. */
export function plainText(longest: number) {
  return v.pipe(
    v.string(),
    v.check(
      (text) => isPlain(text) && [...text].length <= longest,
      `a line of 1 to ${longest} characters without < and >, control characters or marks of direction`,
    ),
  );
}

/** A line without markup, and without what a reader cannot see. */
export function isPlain(text: string): boolean {
  return text.trim() !== '' && !/[<>]/.test(text) && !unseenInNames.test(text);
}

/** Content for others (a body, a prompt): its reader decides what it means. */
export function content(longest: number) {
  return v.pipe(
    v.string(),
    v.check(
      (text) => isReadable(text) && text.length <= longest,
      `at most ${longest} characters, none of them a control character or a mark of direction`,
    ),
  );
}

/**
 * A name that messages call something by. It names constructs and ends in their ids, so that its characters are those
 * of the names in Secrets Manager.
 */
export const givenName = v.pipe(
  v.string(),
  v.regex(
    /^(?!.*(\/\/|\.\.))[A-Za-z0-9]([A-Za-z0-9/_+=.@ -]{0,98}[A-Za-z0-9_+=.@-])?$/,
    'a name of 1 to 100 letters, digits and /_+=.@- that begins with a letter or digit',
  ),
);
