import { types } from 'node:util';

/**
 * A bug's report for the person in front of the laptop: kind, place and, unless it may quote what was being parsed,
 * the message.
 */
export function describeFailure(error: unknown): string {
  if (!types.isNativeError(error)) return `threw ${typeof error} instead of an error`;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const message = error.name === 'SyntaxError' ? 'could not parse its input' : error.message;
  return [`${error.name}: ${message}`, ...frames.slice(0, 8)].join('\n');
}
