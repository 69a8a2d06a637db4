import { writeFileSync } from 'node:fs';
import { parseManifest } from '../../pipeline/contracts/manifest/manifest-safety.ts';
import { completeManifest } from './manifests/complete-manifest.ts';
import { hostileManifests, placesOf } from './manifests/hostile-manifests.ts';

test('x', () => {
  const all = hostileManifests(completeManifest as any, 5000, 18);
  const t0 = Date.now();
  const passed: string[] = [];
  const refused: string[] = [];
  const odd: string[] = [];
  for (const each of all) {
    try {
      parseManifest(each.manifest);
      passed.push(`${each.place} ${each.how}`);
    } catch (e: any) {
      refused.push(`${each.place} ${each.how} -> ${e.message}`);
      if (!e.code) odd.push(`${each.place} ${each.how} -> ${e.stack}`);
    }
  }
  writeFileSync('/tmp/passed.txt', passed.sort().join('\n'));
  writeFileSync('/tmp/refused.txt', refused.sort().join('\n'));
  writeFileSync('/tmp/odd.txt', odd.sort().join('\n'));
  console.log(placesOf(completeManifest as any).length, passed.length, refused.length, odd.length, Date.now() - t0);
});
