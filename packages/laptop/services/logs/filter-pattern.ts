import { compileExpression } from './expression.ts';
import { compileJsonPattern } from './json-pattern.ts';
import { invalid } from './validation.ts';

/**
 * Filter patterns: terms (all of them, `?` any of them, `-` none of them), `%regular expressions%` and JSON selectors.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function compileFilter(pattern: string): (message: string) => boolean {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (text.startsWith('{')) return compileJsonPattern(text);
  if (text.startsWith('[')) {
    throw invalid('Space-delimited patterns ("[a, b]") are not supported on the laptop.');
  }
  const terms = [...text.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|(\S+))/g)].map(makeTerm);
  const required = terms.filter(({ sign }) => sign === '');
  const optional = terms.filter(({ sign }) => sign === '?');
  const excluded = terms.filter(({ sign }) => sign === '-');
  return (message) =>
    required.every(({ test }) => test(message)) &&
    // Next to required terms AWS ignores the optional ones.
    (optional.length === 0 || required.length > 0 || optional.some(({ test }) => test(message))) &&
    !excluded.some(({ test }) => test(message));
}

function makeTerm([, sign = '', quoted, expression, word]: RegExpMatchArray) {
  if (expression !== undefined) {
    const compiled = compileExpression(expression);
    return { sign, test: (message: string) => compiled.test(message) };
  }
  const term = quoted === undefined ? (word as string) : quoted.replace(/\\(.)/g, '$1');
  return { sign, test: (message: string) => message.includes(term) };
}
