import * as v from 'valibot';

/**
 * What a fault does to a call:
 * - `throttle`: the service's own throttling error, before the effect;
 * - `error`: an error of your choice (`code`, `message`, `httpStatus`), before the effect; 500 InternalFailure without one;
 * - `time-out`: no answer, no effect; the connection stays open until the caller gives up;
 * - `reset`: the connection is reset before the effect;
 * - `lose-answer`: the effect happens, the connection is reset instead of an answer;
 * - `delay`: the call takes `delayMilliseconds` longer, before the effect;
 * - `kill-before`, `kill-after`: the execution environment that makes the call is killed before, or right after, the effect.
 *   With `function` instead of an operation it is the environment that serves an invocation of that function, killed as
 *   the handler begins, or when it has ended and before its answer is passed on.
 */
export const faultKinds = [
  'throttle',
  'error',
  'time-out',
  'reset',
  'lose-answer',
  'delay',
  'kill-before',
  'kill-after',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

export const faultRuleSchema = v.strictObject({
  /** Chosen by the caller, or made. */
  id: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(128))),
  kind: v.picklist(faultKinds),
  service: v.optional(v.string()),
  operation: v.optional(v.string()),
  /** A secret's, function's, machine's name or ARN; `*` stands for any text. */
  resource: v.optional(v.string()),
  /**
   * A text that the call's input holds anywhere but in a secret's value: a function's payload, an event's detail or a table's
   * key names what it is about only there.
   */
  mentions: v.optional(v.pipe(v.string(), v.minLength(1))),
  /** Name or ARN of the calling role; `*` stands for any text. */
  role: v.optional(v.string()),
  /** A function's name: the rule strikes its invocations instead of calls; only for `kill-before` and `kill-after`. */
  function: v.optional(v.string()),
  /** Lets the first `nth - 1` matching calls pass. */
  nth: v.optional(count),
  /** How many calls it strikes, from the nth on; no limit when missing and `rate` is given, 1 otherwise. */
  times: v.optional(count),
  /** Strikes this share of the matching calls. */
  rate: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  code: v.optional(v.string()),
  message: v.optional(v.string()),
  httpStatus: v.optional(v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599))),
  delayMilliseconds: v.optional(v.pipe(v.number(), v.minValue(0))),
});

export type FaultRule = v.InferInput<typeof faultRuleSchema>;
export type ActiveRule = FaultRule & { id: string; matched: number; struck: number };
