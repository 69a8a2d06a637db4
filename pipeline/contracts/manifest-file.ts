import { readFileSync } from 'node:fs';
import { KeyturnError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { parseManifest } from './manifest-safety.ts';

/** There is no manifest where one was named, or what is there is no JSON. */
export class ManifestUnreadable extends KeyturnError {
  readonly code = 'ManifestUnreadable';
}

/** Reads and parses a manifest. @throws ManifestUnreadable | InputInvalid | ManifestUnsafe */
export function readManifest(path: string): Manifest {
  return parseManifest(parseJson(path, readText(path)));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    const advice = reason === 'ENOENT' ? 'there is no such file. Name another, or write one: docs/manifest.md' : reason;
    throw new ManifestUnreadable(`${path}: ${advice}.`, { cause });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const place = cause instanceof SyntaxError ? ` (${cause.message})` : '';
    throw new ManifestUnreadable(`${path}: expected JSON${place}.`, { cause });
  }
}
