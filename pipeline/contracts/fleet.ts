import * as v from 'valibot';
import { secretKinds } from './secret-kinds.ts';

const text = v.pipe(v.string(), v.nonEmpty());
const secretIds = v.array(v.pipe(text, v.maxLength(2048)));

/** The input of `rotate-fleet`: which secrets, and how careful. Without a choice it is every secret of the pipeline. */
export const FleetRequest = v.strictObject({
  /** By name; the others are left alone. */
  secretIds: v.optional(secretIds),
  kind: v.optional(v.picklist(secretKinds)),
  /** The manifest's group. */
  group: v.optional(text),
  /** A tag of the secret in Secrets Manager. */
  tag: v.optional(v.strictObject({ key: text, value: v.optional(v.string()) })),
  /** Rotated before all others; if one of them fails, nothing else is touched. */
  canaries: v.optional(secretIds, []),
  /** Above this share of failures the rest is left alone. */
  toleratedFailurePercentage: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100)), 5),
  /** @default - what the write quota allows */
  maxConcurrency: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  /** `schedule`: the first run of a rate schedule comes with the deployment, and rotates nothing. */
  startedBy: v.optional(v.picklist(['fleet', 'schedule']), 'fleet'),
  /** Revokes the previous credential at once, even while it is in use. */
  emergency: v.optional(v.boolean(), false),
});
export type FleetRequest = v.InferOutput<typeof FleetRequest>;

/** Where the page before ended. */
export const FleetPosition = v.object({ nextToken: text, total: v.number() });
export type FleetPosition = v.InferOutput<typeof FleetPosition>;

/** One page of a fleet, as `rotate-fleet` works it off. Names only. */
export interface FleetSelection {
  readonly canaries: string[];
  readonly secretIds: string[];
  /** How many were selected up to and with this page. */
  readonly total: number;
  readonly after: FleetPosition | null;
  readonly maxConcurrency: number;
  readonly toleratedFailurePercentage: number;
  readonly startedBy: FleetRequest['startedBy'];
  readonly emergency: boolean;
}
