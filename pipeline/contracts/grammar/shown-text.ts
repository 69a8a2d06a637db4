// One line for notices, tables and errors alike.
export { oneLine } from '@keyturn/consumer/contracts/quote';

/**
 * What a terminal obeys, a browser follows and a person does not see: controls, marks that turn the direction of text,
 * separators of lines, halves of characters. The laptop's console has the same list in `packages/laptop/console/assets/shown-text.js`.
 * https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
export const UNSEEN = String.raw`\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;

const unseen = new RegExp(`(?![\\t\\n])[${UNSEEN}]`, 'gu');

/** Text from outside as it may be shown: what is unseen is marked. Line breaks and tabs stay. Pure. */
export function shownText(text: string): string {
  return text.replace(unseen, '\ufffd');
}

/** JSON for programs, with what is unseen written as escapes: nothing of the value is lost. Pure. */
export function shownJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(unseen, (character) =>
    [...character].map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  );
}
