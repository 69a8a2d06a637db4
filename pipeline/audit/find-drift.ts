import type { Finding } from '../contracts/audit.ts';
import { findConsumers } from './find-consumers.ts';
import { findCurrent, findPending, findRetirement, findUnpropagated } from './find-labels.ts';
import { findMirrors } from './find-mirrors.ts';
import { findOverdue, findRotationOff } from './find-schedule.ts';
import { findTarget } from './find-target.ts';
import type { Rule } from './finding.ts';
import type { ObservedSecret } from './observed.ts';

const rules: readonly Rule[] = [
  findCurrent,
  findTarget,
  findPending,
  findUnpropagated,
  findConsumers,
  findRetirement,
  findRotationOff,
  findOverdue,
  findMirrors,
];

/** Everything that is not as it should be with one secret. Pure. */
export function findDrift(observed: ObservedSecret, now: Date): Finding[] {
  return rules.flatMap((rule) => rule(observed, now));
}
