/**
 * Members that a text of JSON has twice: the parser keeps the last one and drops the first without a word. Each with the
 * line that it stands in. The text has been parsed before. Pure.
 */
export function repeatedKeys(json: string): { key: string; line: number }[] {
  const repeated: { key: string; line: number }[] = [];
  const open: (Set<string> | undefined)[] = [];
  for (const { 0: token, 1: isKey, index } of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (isKey) {
      // Two ways to write one character are one key.
      const key: string = JSON.parse(token.slice(0, -isKey.length));
      const keys = open.at(-1);
      if (keys?.has(key)) repeated.push({ key, line: json.slice(0, index).split('\n').length });
      keys?.add(key);
    }
  }
  return repeated;
}
