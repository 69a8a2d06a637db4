const LONGEST_LINE = 500;

/**
 * Text of another program, fit for an event: one line of a bounded length. Control characters, and those that are
 * invisible or change the direction of writing, become U+FFFD.
 */
export function boundedLine(text: string): string {
  const characters = [
    ...text
      .replace(/\s+/g, ' ')
      .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
      .trim(),
  ];
  return characters.length <= LONGEST_LINE ? characters.join('') : `${characters.slice(0, LONGEST_LINE - 1).join('')}…`;
}
