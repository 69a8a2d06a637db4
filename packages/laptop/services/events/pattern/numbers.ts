/**
 * A number that can be compared: what a double holds exactly as it is written. Others, such as account numbers of 20
 * digits, are matched by their text only. Undefined for those.
 */
export function comparableNumber(text: string): number | undefined {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return undefined;
  return normalise(text) === normalise(String(value)) ? value : undefined;
}

/** Sign, digits without zeros at the ends, exponent: equal for texts of equal numbers. */
function normalise(text: string): string {
  const match = text.match(/^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/);
  if (!match) return text;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign === '-' ? '-' : ''}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
