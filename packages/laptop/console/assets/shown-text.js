/** Controls, marks that turn the direction of text, separators of lines, halves of characters: a page would follow them. */
const unseen = /(?![\t\n])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text from outside as it may be shown: what is unseen is marked. Line breaks and tabs stay. */
export function shownText(text) {
  return text.replace(unseen, '\ufffd');
}
