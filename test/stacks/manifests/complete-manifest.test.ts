import { keysOf } from '../../../pipeline/contracts/manifest/entries/manifest-issues.ts';
import { Manifest } from '../../../pipeline/contracts/manifest/manifest.ts';
import { ApiKeySettings } from '../../../pipeline/contracts/settings/api-key.ts';
import { checkParameters } from '../../../pipeline/contracts/settings/checks.ts';
import { completeManifest } from './complete-manifest.ts';

test('the manifest that tests spoil has every key that the reader knows', () => {
  const written = new Set<string>();
  JSON.stringify(completeManifest, (key, value) => {
    written.add(key);
    return value;
  });
  const known = [Manifest, ApiKeySettings, ...Object.values(checkParameters)].flatMap((schema) => [...keysOf(schema)]);
  // The function of a canary, and the time of a promotion, are what the stack itself writes.
  const ofTheStack = new Set(['functionArn', 'promotionTimeoutSeconds', 'first']);
  expect([...new Set(known)].filter((key) => !written.has(key) && !ofTheStack.has(key))).toEqual([]);
});
