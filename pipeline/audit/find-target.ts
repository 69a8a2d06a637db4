import type { FindingCode } from '../contracts/audit.ts';
import { AWSCURRENT } from '../contracts/labels.ts';
import { unretiredVersionId } from '../rotation/version-labels.ts';
import { finding, type Rule } from './finding.ts';

/** What the target says of the credentials that are meant to work, and of what a rotation left there. */
export const findTarget: Rule = (observed) => {
  const { secret, target } = observed;
  const versionId = secret.versionWith(AWSCURRENT);
  const { rotationFunctionArn } = secret;
  if (!target || !versionId || !rotationFunctionArn) return [];
  if ('unreachable' in target) {
    return [finding(observed, 'TargetUnreachable', target.unreachable, { versionId })];
  }
  if (!target.supported) return [];
  const previous = unretiredVersionId(secret);
  const repair = (code: FindingCode) =>
    ({
      action: 'repair-target',
      rotationFunctionArn,
      versionId,
      ...(previous && { previousVersionId: previous }),
      code,
    }) as const;
  // Nothing works any more, so giving the target what the secret says hurts nobody.
  const refused = (code: 'CurrentRefused' | 'PreviousRefused', message: string, id: string) =>
    finding(observed, code, message, {
      versionId: id,
      ...(target.repairable.includes(code) && { repair: repair(code), isSafe: true }),
    });
  return [
    ...(target.current.works
      ? []
      : [refused('CurrentRefused', `AWSCURRENT does not work: ${target.current.reason}`, versionId)]),
    ...(target.previous && !target.previous.works && previous
      ? [
          refused(
            'PreviousRefused',
            `the previous credential is not retired yet, but does not work, so slow consumers fail and a roll-back would too: ${target.previous.reason}`,
            previous,
          ),
        ]
      : []),
    ...target.findings.map(({ code, message, isRepairable, isSafe }) =>
      finding(observed, code, message, { versionId, ...(isRepairable && { repair: repair(code), isSafe }) }),
    ),
  ];
};
