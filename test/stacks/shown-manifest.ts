import { readFileSync } from 'node:fs';

/** The manifest that the documents show: every kind of secret, of consumer, of check and of mirror. */
export function readShownManifest(): object {
  return JSON.parse(readFileSync(new URL('../../examples/keyturn.json', import.meta.url), 'utf8'));
}
