import { convergenceBoundOf } from '../../pipeline/contracts/manifest/entries/manifest-entry.ts';
import type { RotatedManifestSecret } from '../../pipeline/contracts/manifest/entries/manifest-secret-types.ts';

/** Without consumers the rotator's own default holds. */
export function boundOfConsumers(entry: Pick<RotatedManifestSecret, 'consumers'>): number | undefined {
  return entry.consumers.length === 0 ? undefined : convergenceBoundOf(entry);
}
