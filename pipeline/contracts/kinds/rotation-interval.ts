import { scheduleIntervalSeconds } from '../manifest/entries/manifest-schedule.ts';
import type { RotatedManifestMembers } from '../manifest/entries/manifest-secret-types.ts';

/** How long a credential is in use: until the schedule replaces it, or where there is none, the safety net. */
export function rotationIntervalSeconds(
  secret: Pick<RotatedManifestMembers, 'schedule' | 'nativeIntervalDays'>,
): number {
  return scheduleIntervalSeconds(secret.schedule) ?? secret.nativeIntervalDays * 86_400;
}
