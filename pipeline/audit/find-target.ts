import type { FindingCode, VerifyAnswer } from '../contracts/audit.ts';
import { AWSCURRENT } from '../contracts/labels.ts';
import { unretiredVersionId } from '../rotation/version-labels.ts';
import { finding, putValue, type Rule } from './finding.ts';
import type { ObservedSecret } from './observed.ts';

/** What the target says of the credentials that are meant to work, and of what a rotation left there. */
export const findTarget: Rule = (observed) => {
  const { secret, target } = observed;
  const versionId = secret.versionWith(AWSCURRENT);
  const { rotationFunctionArn } = secret;
  if (!target || !versionId || !rotationFunctionArn) return [];
  if ('unreachable' in target) {
    const person = `Check the target, the network path and the security groups: keyturn plan. Then: keyturn doctor ${secret.name}`;
    return [finding(observed, 'TargetUnreachable', target.unreachable, { person }, versionId)];
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
  // Nothing works any more, so giving the target the secret's value breaks no consumer.
  const refused = (code: 'CurrentRefused' | 'PreviousRefused', message: string, id: string) => {
    const person = wayToRefused(observed, target, code);
    const verdict = code === 'CurrentRefused' ? target.current : target.previous;
    // A repair gives the target what the secret says.
    const isReadable = verdict?.works !== false || verdict.isUnreadable !== true;
    const isRepairable = isReadable && target.repairable.includes(code);
    return finding(observed, code, message, isRepairable ? { repair: repair(code), isSafe: true } : { person }, id);
  };
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
    ...target.findings.map((found) => {
      const wayOut =
        'person' in found ? { person: found.person } : { repair: repair(found.code), isSafe: found.isSafe };
      return finding(observed, found.code, found.message, wayOut, versionId);
    }),
  ];
};

/**
 * 1. What keeps the repair from being made comes first: a missing role, an administrator that is refused.
 * 2. A previous credential that cannot be accepted again: its consumers read anew, and the rotation is closed; by an
 *    emergency where its value is no payload, because a retirement reads it.
 * 3. An API key that its vendor refuses has nothing to lose: a rotation replaces it.
 * 4. Else a person puts a value that works.
 */
function wayToRefused(
  { secret, settings }: ObservedSecret,
  target: Extract<VerifyAnswer, { supported: true }>,
  code: 'CurrentRefused' | 'PreviousRefused',
): string {
  const blocking = target.findings.find((found) => blockingCodes.has(found.code));
  if (blocking) return `Repair ${blocking.code} first, then: keyturn doctor ${secret.name} --repair`;
  if (code === 'PreviousRefused') {
    const isUnreadable = target.previous?.works === false && target.previous.isUnreadable;
    if (isUnreadable) {
      return `Restart the consumers that still hold it, then close the rotation: keyturn rotate ${secret.name} --emergency --wait`;
    }
    return `Restart the consumers that still hold it, then close the rotation: keyturn rotate ${secret.name} --retire-now --wait`;
  }
  const isReadable = !target.current.works && target.current.isUnreadable !== true;
  if (settings.kind === 'api-key' && isReadable) return `keyturn rotate ${secret.name} --emergency --wait`;
  return `Put a value that works: ${putValue(secret.name)}`;
}

const blockingCodes = new Set<FindingCode>(['RoleMissing', 'AdministratorRefused']);
