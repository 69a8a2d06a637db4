/**
 * Text from outside (names, messages, events) may hold control characters, which a terminal obeys: they are replaced.
 * Line breaks become spaces, so that one thing is one line.
 */
export function oneLine(text: string): string {
  return (
    text
      .replace(/\s+/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find.
      .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
      .trim()
  );
}
