import { invalid } from './validation.ts';

export function compileExpression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw invalid(`Invalid regular expression in the filter pattern: ${text}`, cause);
  }
}
