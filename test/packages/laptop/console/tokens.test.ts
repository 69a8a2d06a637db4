import { readFileSync } from 'node:fs';

const css = readFileSync(new URL('../../../../packages/laptop/console/assets/tokens.css', import.meta.url), 'utf8');
const themes = css.split('@media (prefers-color-scheme: dark)');

function tokens(text: string | undefined): Record<string, string> {
  return Object.fromEntries(
    [...(text ?? '').matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [
      name as string,
      value as string,
    ]),
  );
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(a: string, b: string): number {
  const [lighter, darker] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const grounds = ['ground', 'surface', 'sunken'];
const pairs = [
  ...['text', 'muted', 'accent', 'good', 'warn', 'bad'].flatMap((text) => grounds.map((ground) => [text, ground])),
  ...['accent', 'good', 'warn', 'bad'].map((tone) => [tone, `${tone}-soft`]),
  ...['accent', 'good', 'warn', 'bad'].map((tone) => ['text', `${tone}-soft`]),
  ['on-accent', 'accent'],
] as [string, string][];

describe.each([
  ['light', tokens(themes[0])],
  ['dark', { ...tokens(themes[0]), ...tokens(themes[1]) }],
])('%s', (_theme, color) => {
  test.each(pairs)('%s on %s can be read', (text, ground) => {
    expect(contrast(color[text] as string, color[ground] as string)).toBeGreaterThanOrEqual(4.5);
  });

  test('every line of a graph stands out from its ground', () => {
    const lines = [1, 2, 3, 4, 5, 6].map((index) =>
      contrast(color[`series-${index}`] as string, color.surface as string),
    );
    expect(Math.min(...lines)).toBeGreaterThanOrEqual(3);
  });
});
