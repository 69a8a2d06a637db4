import { AWSCURRENT, AWSPREVIOUS } from '../contracts/labels.ts';
import { ageOf, finding, type Rule, SETTLING_MILLISECONDS } from './finding.ts';

/**
 * Copies of the secret that have something else. On their way, and not behind, they are
 * 1. while a rotation is under way;
 * 2. as long as an event's delivery may take, after a value was put over another of which the history does not know yet.
 */
export const findMirrors: Rule = (observed, now) => {
  const { secret, story } = observed;
  const versionId = secret.versionWith(AWSCURRENT);
  if (!versionId || observed.isRotating) return [];
  const isNews = story.believedVersionId !== versionId && secret.versionWith(AWSPREVIOUS) !== undefined;
  if (isNews && ageOf(secret.lastChangedAt, now) < SETTLING_MILLISECONDS) return [];
  return observed.mirrors.flatMap(({ mirror, to, reason, isOurs = false }) => {
    if (reason === undefined) return [];
    if (to === 'parameter') {
      const repair = { action: 'propagate', versionId } as const;
      return [finding(observed, 'MirrorBehind', reason, { repair, isSafe: true }, versionId)];
    }
    // A secret of the same name that is not our replica would be overwritten: a person looks first.
    const repair = { action: 'replicate', region: mirror } as const;
    return [finding(observed, 'ReplicaBehind', reason, { repair, isSafe: isOurs }, versionId)];
  });
};
