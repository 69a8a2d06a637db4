import * as v from 'valibot';
import { findingCode } from './audit.ts';
import { requestStarters } from './events.ts';

const secretId = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));
const versionId = v.pipe(v.string(), v.minLength(32), v.maxLength(64));

/**
 * The input of `rotate-secret`. By hand it is `{"secretId": "app/db"}`; the rules and the rotation function add the rest.
 */
export const RotationRequest = v.variant('startedBy', [
  /** Secrets Manager's own rotation: the version is its token. */
  v.object({ startedBy: v.literal('native'), secretId, versionId }),
  /** AWSCURRENT came to rest on a version. */
  v.object({ startedBy: v.literal('hand'), secretId, versionId }),
  v.object({
    startedBy: v.picklist(requestStarters),
    secretId,
    /** `check` runs the checks on what is current; `roll-back` goes back to the version before; `repair` ends a finding. */
    operation: v.optional(v.picklist(['rotate', 'check', 'roll-back', 'repair']), 'rotate'),
    /** `roll-back` and `repair`: the version that the caller means. Labels say otherwise by now: refused. */
    expectedVersionId: v.optional(versionId),
    /** `repair` only: what the audit found. */
    code: v.optional(findingCode),
    /** Retire the previous credential first, if the evidence shows no use of it. */
    retireNow: v.optional(v.boolean(), false),
    /** Revoke the previous credential at once, even while it is in use. */
    emergency: v.optional(v.boolean(), false),
    /** Give up a candidate that another rotation left under AWSPENDING, and rotate. */
    force: v.optional(v.boolean(), false),
  }),
]);
export type RotationRequest = v.InferOutput<typeof RotationRequest>;
