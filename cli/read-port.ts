import { InvalidArgumentError } from 'commander';

/** A port as a word of a command line. @throws InvalidArgumentError, which commander prints with the option's name */
export function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Expected a number from 0 to 65535.');
}
