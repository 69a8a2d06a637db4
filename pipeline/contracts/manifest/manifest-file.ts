import { readFileSync } from 'node:fs';
import { KeyturnError } from '../errors.ts';
import { parseManifest } from './manifest-safety.ts';
import type { Manifest } from './manifest-types.ts';
import { repeatedKeys } from './repeated-keys.ts';

/** @internal There is no manifest where one was named, or what is there is no JSON. */
export class ManifestUnreadable extends KeyturnError {
  readonly code = 'ManifestUnreadable';
}

/** A stack has 500 resources, and a secret needs several. */
const LONGEST_MANIFEST = 1_000_000;

/**
 * Reads and parses a manifest: docs/manifest.md.
 *
 * @example
 * ```ts
 * import { readManifest } from 'keyturn';
 *
 * export const manifest = readManifest('keyturn.json');
 * ```
 *
 * @throws ManifestUnreadable where there is no such file, or no JSON in it, or a key twice
 * @throws InputInvalid where its shape is another one
 * @throws ManifestUnsafe where its settings would break a promise
 */
export function readManifest(path: string): Manifest {
  const text = readText(path);
  if (text.length > LONGEST_MANIFEST) {
    throw new ManifestUnreadable(
      `${path} has ${text.length} characters, and a manifest has ${LONGEST_MANIFEST} at most. Divide it by pipelines.`,
    );
  }
  const input = parseJson(path, text);
  const [repeated] = repeatedKeys(text);
  if (repeated) {
    // The key may be anything: it is shown as JSON in ASCII.
    const key = JSON.stringify(repeated.key.slice(0, 100)).replace(/[^ -~]/g, '?');
    throw new ManifestUnreadable(`${path} has the key ${key} of line ${repeated.line} twice. Write it once.`);
  }
  return parseManifest(input);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new ManifestUnreadable(`${path} cannot be read: ${code}.`, { cause });
    throw new ManifestUnreadable(`${path}: there is no such file. Name another, or write one: docs/manifest.md.`, {
      cause,
    });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's own words may show what stands there.
    const [, position] = String(cause).match(/at position (\d+)/) ?? [];
    const line = position === undefined ? '' : ` in line ${text.slice(0, Number(position)).split('\n').length}`;
    throw new ManifestUnreadable(`${path} is no JSON: look${line} for a comma or quote too many, or missing.`, {
      cause,
    });
  }
}
