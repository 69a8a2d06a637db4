import { AWSCURRENT } from '../contracts/labels.ts';
import { finding, type Rule } from './finding.ts';

/** Copies of the secret that have something else. While a rotation is under way they are on their way. */
export const findMirrors: Rule = (observed) => {
  const versionId = observed.secret.versionWith(AWSCURRENT);
  if (!versionId || observed.isRotating) return [];
  return observed.mirrors.flatMap(({ mirror, to, reason, isOurs = false }) => {
    if (reason === undefined) return [];
    if (to === 'parameter') {
      const repair = { action: 'propagate', versionId } as const;
      return [finding(observed, 'MirrorBehind', reason, { versionId, repair, isSafe: true })];
    }
    // A secret of the same name that is not our replica would be overwritten: a person looks first.
    const repair = { action: 'replicate', region: mirror } as const;
    return [finding(observed, 'ReplicaBehind', reason, { versionId, repair, isSafe: isOurs })];
  });
};
