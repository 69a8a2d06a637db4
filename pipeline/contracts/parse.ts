import * as v from 'valibot';
import { KeyturnError } from './errors.ts';

/** Input from outside does not have the shape that the contract asks for. */
export class InputInvalid extends KeyturnError {
  readonly code = 'InputInvalid';

  constructor(what: string, problems: string[]) {
    super(`${what} is not valid: ${problems.join('; ')}.`);
  }
}

/** Parses at the edge. The error names the places and what was expected there, never what stood there. */
export function parse<Schema extends v.GenericSchema>(
  what: string,
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input, { abortPipeEarly: true });
  if (result.success) return result.output;
  throw new InputInvalid(what, result.issues.map(describeIssue));
}

/** @internal A problem with its place, and what was expected there. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const place = v.getDotPath(issue) ?? 'the whole';
  const expected = expectation(issue);
  const received = issue.input === undefined ? 'nothing' : typeof issue.input;
  return `${place}: expected ${expected}, came ${received}`;
}

/** Messages of ours say what was expected; valibot's own begin with "Invalid" and show what came. */
function expectation(issue: v.BaseIssue<unknown>): string {
  if (!issue.message.startsWith('Invalid ')) return issue.message.replace(/^expected /, '');
  return issue.expected ?? issue.requirement?.toString() ?? issue.type;
}
